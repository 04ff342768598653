/** The page's own line icons, 24 by 24. They say nothing that a text beside them doesn't. */

const PATHS = {
  brand: 'M3 8h12l6 3v3l-6 2H3zM7 16v5h7',
  live: 'M4 6h16v12H4zM10 9.5v5l4.5-2.5z',
  overview: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  events: 'M4 7h16v12H4zM8 4v5M16 4v5M4 11h16M12 13v2.5l2 1.5',
  zones: 'M5 7l8-3 6 6-3 9H7zM5 7h0M13 4h0M19 10h0',
  tuning: 'M5 8h8M17 8h2M5 16h2M11 16h8M15 6v4M9 14v4',
  outputs: 'M12 3v8M7 6.5a8 8 0 1 0 10 0',
  snapshots: 'M4 8h4l2-3h4l2 3h4v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z',
  system: 'M4 5h16v10H4zM9 19h6M12 15v4',
  access: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2',
  previous: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  back: 'M7 5v14M18 5l-8 7 8 7z',
  forward: 'M17 5v14M6 5l8 7-8 7z',
  replay: 'M5 12a7 7 0 1 0 2-5M5 4v4h4',
  kept: 'M7 4h10v16l-5-4-5 4z',
  leave: 'M13 4H5v16h8M10 12h10M16.5 8.5L20 12l-3.5 3.5',
  shown:
    'M3 12c3-4.7 6-7 9-7s6 2.3 9 7c-3 4.7-6 7-9 7s-6-2.3-9-7zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z',
  hidden: 'M3 12c3-4.7 6-7 9-7s6 2.3 9 7c-3 4.7-6 7-9 7s-6-2.3-9-7zM4 20L20 4',
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

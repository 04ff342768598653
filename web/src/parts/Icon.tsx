/** The page's own line icons, 24 by 24. They say nothing that a text beside them doesn't. */

const PATHS = {
  brand: 'M3 8h12l6 3v3l-6 2H3zM7 16v5h7',
  live: 'M4 6h16v12H4zM10 9.5v5l4.5-2.5z',
  zones: 'M5 7l8-3 6 6-3 9H7zM5 7h0M13 4h0M19 10h0',
  tuning: 'M5 8h8M17 8h2M5 16h2M11 16h8M15 6v4M9 14v4',
  outputs: 'M12 3v8M7 6.5a8 8 0 1 0 10 0',
  snapshots: 'M4 8h4l2-3h4l2 3h4v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z',
  system: 'M4 5h16v10H4zM9 19h6M12 15v4',
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

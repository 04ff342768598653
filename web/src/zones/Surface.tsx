/** The drawing area over the live picture: by mouse, by touch and by keyboard. */

import { type Dispatch, type KeyboardEvent, type PointerEvent, useRef } from 'react';
import type { Point } from '../api/types.ts';
import { useSize } from '../parts/hooks.ts';
import { useTexts } from '../texts/index.tsx';
import type { Action, Draft } from './draft.ts';
import { centre, FEWEST_CORNERS, middle, near } from './geometry.ts';

/** One press of an arrow key, and with Shift. */
const STEP = 0.01;
const LARGE_STEP = 0.05;
/** A click so near to the first corner closes the polygon. */
const CLOSING_PX = 14;
/** The names of more zones than this would cover the picture. */
const MANY = 8;

interface Props {
  draft: Draft;
  act: Dispatch<Action>;
  finish: () => void;
}

/** How far an arrow key goes; null for any other key. */
function arrow(event: KeyboardEvent): Point | null {
  const step = event.shiftKey ? LARGE_STEP : STEP;
  switch (event.key) {
    case 'ArrowLeft':
      return [-step, 0];
    case 'ArrowRight':
      return [step, 0];
    case 'ArrowUp':
      return [0, -step];
    case 'ArrowDown':
      return [0, step];
    default:
      return null;
  }
}

export function Surface({ draft, act, finish }: Props) {
  const { texts, format } = useTexts();
  const { ref, size } = useSize<HTMLDivElement>();
  const { zones, selected, drawing } = draft;
  const drag = useRef<Point | null>(null);
  const place = (event: PointerEvent): Point => {
    const box = ref.current?.getBoundingClientRect();
    if (box === undefined) return [0, 0];
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const px = ([x, y]: Point) => `${(x * size.width).toFixed(1)},${(y * size.height).toFixed(1)}`;
  const line = (points: Point[]) => points.map(px).join(' ');
  const spot = ([x, y]: Point) => ({ left: `${100 * x}%`, top: `${100 * y}%` });
  const words = ([x, y]: Point) => [format.percent(x), format.percent(y)] as const;

  /** Follows the pointer until it is let go, wherever it goes. */
  const follow = (move: (to: Point, by: Point) => void) => ({
    onPointerDown(event: PointerEvent) {
      if (drawing !== null || event.button !== 0) return;
      event.stopPropagation();
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = place(event);
    },
    onPointerMove(event: PointerEvent) {
      if (drag.current === null) return;
      const to = place(event);
      const by: Point = [to[0] - drag.current[0], to[1] - drag.current[1]];
      drag.current = to;
      move(to, by);
    },
    onPointerUp() {
      drag.current = null;
    },
    onPointerCancel() {
      drag.current = null;
    },
  });

  const draw = (event: PointerEvent) => {
    if (event.button !== 0) return;
    if (drawing === null) {
      act({ do: 'select', zone: null });
      return;
    }
    const at = place(event);
    const first = drawing.points[0];
    if (drawing.points.length >= FEWEST_CORNERS && first !== undefined && near(first, at, size, CLOSING_PX))
      finish();
    else act({ do: 'corner', at });
  };

  const drawByKey = (event: KeyboardEvent) => {
    if (drawing === null) return;
    const step = arrow(event);
    if (step !== null) act({ do: 'cursor', at: [drawing.cursor[0] + step[0], drawing.cursor[1] + step[1]] });
    else if (event.key === ' ') act({ do: 'corner', at: drawing.cursor });
    else if (event.key === 'Enter') finish();
    else if (event.key === 'Escape') act({ do: 'cancel' });
    else return;
    event.preventDefault();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; the keyboard has the buttons in it
    <div
      ref={ref}
      className={`surface ${drawing === null ? '' : 'drawing'} ${zones.length > MANY ? 'crowded' : ''}`}
      onPointerDown={draw}
      // The keyboard stays with the drawing: Enter finishes what was begun by mouse.
      onMouseDown={(event) => drawing !== null && event.preventDefault()}
      onPointerMove={(event) => drawing !== null && act({ do: 'cursor', at: place(event) })}
    >
      {/* Shapes for the eye; what can be taken hold of are the buttons below. */}
      <svg aria-hidden="true" width={size.width} height={size.height}>
        {zones.map((zone, index) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; the keyboard has the buttons below
          <polygon
            // biome-ignore lint/suspicious/noArrayIndexKey: zones have no other identity while they are renamed
            key={index}
            className={`zone ${zone.kind} ${index === selected ? 'selected' : ''}`}
            points={line(zone.points)}
            {...follow((_to, by) => act({ do: 'move', zone: index, by }))}
            onClick={() => drawing === null && act({ do: 'select', zone: index })}
          />
        ))}
        {drawing !== null && (
          <polyline
            className={`zone ${drawing.kind} selected`}
            points={line([...drawing.points, drawing.cursor])}
          />
        )}
      </svg>
      {zones.map((zone, index) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          key={index}
          type="button"
          className={`zone-name ${zone.kind}`}
          style={spot(centre(zone.points))}
          aria-pressed={index === selected}
          aria-label={texts.zones.shape(zone.name, texts.zones.kinds[zone.kind])}
          disabled={drawing !== null}
          onClick={() => act({ do: 'select', zone: index })}
          onKeyDown={(event) => {
            const by = arrow(event);
            if (by === null) return;
            event.preventDefault();
            act({ do: 'move', zone: index, by });
          }}
          {...follow((_to, by) => act({ do: 'move', zone: index, by }))}
        >
          {zone.name}
        </button>
      ))}
      {selected !== null &&
        zones[selected]?.points.map((corner, index, points) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its number
          <div key={index} className="handles">
            <button
              type="button"
              className="corner"
              style={spot(corner)}
              aria-label={texts.zones.corner(index + 1, zones[selected]?.name ?? '', ...words(corner))}
              onKeyDown={(event) => {
                const step = arrow(event);
                if (step !== null) {
                  const to: Point = [corner[0] + step[0], corner[1] + step[1]];
                  act({ do: 'move corner', zone: selected, corner: index, to });
                } else if (event.key === 'Delete' || event.key === 'Backspace') {
                  act({ do: 'remove corner', zone: selected, corner: index });
                } else return;
                event.preventDefault();
              }}
              {...follow((to) => act({ do: 'move corner', zone: selected, corner: index, to }))}
            />
            <button
              type="button"
              className="edge"
              style={spot(middle(points, index))}
              aria-label={texts.zones.between(index + 1, zones[selected]?.name ?? '')}
              onPointerDown={(event) => event.stopPropagation()}
              onClick={() => act({ do: 'add corner', zone: selected, after: index })}
            />
          </div>
        ))}
      {drawing !== null && (
        <>
          {drawing.points.map((corner, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its number
            <span key={index} className={index === 0 ? 'corner first' : 'corner'} style={spot(corner)} />
          ))}
          <span className="cross" style={spot(drawing.cursor)} />
          <button
            type="button"
            className="unseen"
            // biome-ignore lint/a11y/noAutofocus: drawing by keyboard begins where it was asked for
            autoFocus
            aria-label={`${texts.zones.surface}. ${texts.zones.cursor(...words(drawing.cursor), drawing.points.length)}`}
            onKeyDown={drawByKey}
          />
        </>
      )}
    </div>
  );
}

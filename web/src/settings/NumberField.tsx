/** A setting that is a number: a field for it, and a slider where people look for the right one by trying. */

import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../texts/index.tsx';
import { type About, Setting } from './Setting.tsx';
import { positionOf, type Scale, STEPS, valueAt } from './scale.ts';

/** Sliders tell their value so long after the last movement: each one is written to the disk. */
const SETTLED_MS = 300;

/** How the number is shown. */
export interface Shape {
  /** The part of its range in which people choose; without one there is a number only. */
  slider?: { from: number; to: number; logarithmic?: boolean };
  /** What is shown is so many times the value. */
  factor?: number;
}

interface Props extends About, Shape {
  value: number;
  /** Null: back to the file's value. True once it was taken. */
  change: (value: number | null) => Promise<boolean>;
}

export function NumberField({ value, slider, factor = 1, change, ...known }: Props) {
  const { name, about, faults } = known;
  const { texts, format } = useTexts();
  const [written, setWritten] = useState<string | null>(null);
  const [position, setPosition] = useState<number | null>(null);
  /** What was sent last: Enter, and then the loss of the focus, mean one and the same. */
  const sent = useRef<string | null>(null);
  const scale: Scale | null =
    slider === undefined
      ? null
      : {
          from: slider.from,
          to: slider.to,
          logarithmic: slider.logarithmic === true,
          zero: about.from === 0 && slider.logarithmic === true,
        };

  // Only what the user does sets it off: the newest of the rest will do.
  const settled = useRef(async () => {});
  const unsent = useRef(false);
  settled.current = async () => {
    if (position === null || scale === null) return;
    await change(valueAt(position, scale));
    // It may have been moved on meanwhile.
    setPosition((now) => (now === position ? null : now));
  };
  useEffect(() => {
    if (position === null) return undefined;
    unsent.current = true;
    const timer = setTimeout(() => {
      unsent.current = false;
      void settled.current();
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [position]);
  // Whoever goes to another page right after moving it has moved it all the same.
  useEffect(
    () => () => {
      if (unsent.current) void settled.current();
    },
    [],
  );

  const shown = position !== null && scale !== null ? valueAt(position, scale) : value;
  const text = written ?? String(Number((shown * factor).toPrecision(6)));
  const settle = async () => {
    if (written === null || sent.current === written) return;
    sent.current = written;
    const number = Number(written.replace(',', '.'));
    const isNumber = written.trim() !== '' && Number.isFinite(number);
    // What is out of range stays as it was written, with the fault beside it.
    if (!isNumber || (await change(number / factor))) setWritten((now) => (now === written ? null : now));
  };
  const reset = async () => {
    setWritten(null);
    setPosition(null);
    await change(null);
  };
  const unit = texts.fields.units[about.unit] ?? about.unit;
  const title = texts.fields.names[name] ?? name;
  return (
    <Setting {...known} reset={() => void reset()}>
      {(id, described) => (
        <>
          {scale !== null && (
            <input
              type="range"
              min={0}
              max={STEPS}
              value={position ?? positionOf(value, scale)}
              aria-label={title}
              aria-valuetext={`${format.significant(shown * factor, 3)} ${unit}`}
              onChange={(event) => {
                setWritten(null);
                setPosition(Number(event.target.value));
              }}
            />
          )}
          <input
            id={id}
            className="number"
            inputMode="decimal"
            value={text}
            aria-invalid={faults.length > 0}
            aria-describedby={described}
            onChange={(event) => {
              sent.current = null;
              setWritten(event.target.value);
            }}
            onBlur={() => void settle()}
            onKeyDown={(event) => event.key === 'Enter' && void settle()}
          />
          <span className="unit">{unit}</span>
        </>
      )}
    </Setting>
  );
}

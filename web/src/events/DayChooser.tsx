/** Which day is shown. */

import { Icon } from '../parts/Icon.tsx';
import { Button } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { isDay, shifted } from './day.ts';

interface Props {
  day: string;
  today: string;
  /** Null: today. */
  change: (day: string | null) => void;
}

export function DayChooser({ day, today, change }: Props) {
  const { texts } = useTexts();
  const t = texts.events;
  const go = (day: string) => change(day === today ? null : day);
  return (
    <div className="row day">
      <Button aria-label={t.earlierDay} title={t.earlierDay} onClick={() => go(shifted(day, -1))}>
        <Icon name="previous" />
      </Button>
      <label>
        <span className="unseen">{t.day}</span>
        <input
          type="date"
          value={day}
          max={today}
          required
          onChange={({ target }) => {
            if (isDay(target.value) && target.value <= today) go(target.value);
          }}
        />
      </label>
      <Button
        aria-label={t.laterDay}
        title={t.laterDay}
        disabled={day >= today}
        onClick={() => go(shifted(day, 1))}
      >
        <Icon name="next" />
      </Button>
      <Button disabled={day === today} onClick={() => change(null)}>
        {t.today}
      </Button>
    </div>
  );
}

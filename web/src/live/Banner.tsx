/** What is the matter, in the colour of its severity. Its place is always there, so that nothing jumps. */

import { m } from 'framer-motion';
import { useLayoutEffect, useRef, useState } from 'react';
import { useTexts } from '../texts/index.tsx';
import type { Situation } from './situation.ts';

export function Banner({ situation }: { situation: Situation }) {
  const { texts, format } = useTexts();
  const { tone, title, lines, anomaly, severity } = situation;
  const alarming = tone === 'lost' || severity !== undefined;
  return (
    <div className={`banner tone-${tone.toLowerCase()}`} role={alarming ? 'alert' : 'status'}>
      {/* The anomaly's type is its identity: figures that change don't begin it anew. */}
      <m.div
        key={`${tone} ${anomaly?.anomaly_type ?? ''}`}
        className="banner-body"
        initial={{ opacity: 0, y: -8 }}
        animate={{ opacity: 1, y: 0 }}
        transition={{ duration: 0.18 }}
      >
        <div className="banner-text">
          <p className="banner-title">
            {title}
            {severity !== undefined && (
              <span className="severity">
                <span className="unseen">{texts.banner.severity}: </span>
                {texts.severities[severity]}
              </span>
            )}
          </p>
          <Lines lines={lines} />
        </div>
        {anomaly !== undefined && (
          <dl className="banner-figures">
            <div>
              <dt>{texts.banner.confidence}</dt>
              <dd>{format.percent(anomaly.confidence)}</dd>
            </div>
            <div>
              <dt>{texts.banner.deviation}</dt>
              <dd>
                {format.number(anomaly.baseline_deviation, 1)} {texts.banner.deviationUnit}
              </dd>
            </div>
          </dl>
        )}
      </m.div>
    </div>
  );
}

/** Two lines are seen; where there are more they scroll, and then the keyboard must reach them. */
function Lines({ lines }: { lines: Situation['lines'] }) {
  const list = useRef<HTMLUListElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const { scrollHeight = 0, clientHeight = 0 } = list.current ?? {};
    setScrolls(lines.length > 0 && scrollHeight > clientHeight);
  }, [lines]);
  return (
    <ul ref={list} className="banner-lines" tabIndex={scrolls ? 0 : undefined}>
      {lines.map(({ text, foreign }) => (
        <li key={text} lang={foreign === true ? 'en' : undefined}>
          {text}
        </li>
      ))}
    </ul>
  );
}

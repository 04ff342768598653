import { describe, expect, it } from 'vitest';
import type { Anomaly, Status } from '../api/types.ts';
import { de } from '../texts/de.ts';
import { en } from '../texts/en.ts';
import { Format } from '../texts/format.ts';
import { situation } from './situation.ts';

const english = { texts: en, format: new Format('en', en) };
const german = { texts: de, format: new Format('de', de) };

const status = (more: Partial<Status>): Status => ({
  streaming: true,
  camera_active: true,
  ai_pipeline_active: true,
  ai_status: 'IDLE',
  network: { version: '1.0.0' },
  camera: 'camera0',
  viewers: 1,
  armed: true,
  ...more,
});

const anomaly: Anomaly = {
  is_anomaly: true,
  anomaly_type: 'loitering',
  confidence: 0.9,
  severity: 'CRITICAL',
  reasoning: ['somebody has lingered at the left for 31 s', 'something else'],
  findings: [{ code: 'linger', value: 31.4, normal_up_to: 9.6, x: 0.1, y: 0.5 }, { code: 'never heard of' }],
  baseline_deviation: 4.2,
};

const of = (more: Partial<Status>, words = english) => situation(status(more), false, 'device', words);

describe('what a status means', () => {
  it('tells an unplugged camera with its time, in both languages', () => {
    const degraded = { kind: 'gone' as const, reason: 'video0: no such device', since: '', seconds: 12 };
    const lost = of({ degraded, camera_active: false });
    expect([lost.tone, lost.word, lost.title]).toEqual(['lost', 'NO SIGNAL', 'Camera unplugged 12 s ago']);
    expect(lost.lines[0]).toEqual({ text: 'video0: no such device', foreign: true });
    expect(of({ degraded }, german).title).toBe('Kamera seit 12 s abgezogen');
    expect(situation(status({ degraded }), false, 'recording', english).title).toBe(
      'Recording missing for 12 s',
    );
    expect(situation(status({ degraded }), false, 'network', english).title).toBe(
      'Camera not reachable for 12 s',
    );
  });

  it('has the colour of the severity', () => {
    for (const severity of ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const) {
      expect(of({ ai_status: 'ALERT', anomaly_status: { ...anomaly, severity } }).tone).toBe(severity);
      expect(of({ ai_status: 'ALERT', alert_zone: 'door', alert_severity: severity }).tone).toBe(severity);
    }
  });

  it('has the worse severity of an alert zone and an anomaly, and tells both', () => {
    const both = of({
      ai_status: 'ALERT',
      alert_zone: 'door',
      alert_severity: 'HIGH',
      anomaly_status: { ...anomaly, severity: 'MEDIUM' },
    });
    expect([both.tone, both.title]).toEqual(['HIGH', 'Loitering']);
    expect(both.lines.at(-1)).toEqual({ text: 'Motion in the zone “door”' });
  });

  it('says the reasons in the page’s language, and those without words as they come', () => {
    const { title, lines } = of({ ai_status: 'ALERT', anomaly_status: anomaly }, german);
    expect(title).toBe('Herumlungern');
    expect(lines).toEqual([
      { text: 'Jemand hält sich links seit 31 s auf; üblich sind dort bis zu 10 s' },
      { text: 'something else', foreign: true },
    ]);
  });

  it('names the alert zone', () => {
    expect(of({ ai_status: 'ALERT', alert_zone: 'door' }).title).toBe('Motion in the zone “door”');
  });

  it('counts what moves', () => {
    expect(of({ ai_status: 'MOTION', motion_regions: 1 }).title).toBe('One thing moves');
    expect(of({ ai_status: 'MOTION', motion_regions: 3 }).title).toBe('3 things move');
    expect(of({ ai_status: 'MOTION', motion_regions: 0 }).title).toBe('Motion has just ended.');
  });

  it('doesn’t say that nothing moves while something does', () => {
    expect(of({ motion_regions: 1 }).lines).toEqual([{ text: en.banner.stirring }]);
    expect(of({ motion_regions: 0 }).lines).toEqual([{ text: en.banner.quietHint }]);
  });

  it('says what is still being learned and what is limited', () => {
    const stats = {
      total_frames_analyzed: 1,
      total_anomalies_detected: 0,
      anomaly_rate: 0,
      learning_complete: false,
      learning_progress: 0.42,
      paused: false,
    };
    const texts = of({ anomaly_stats: stats, limits: ['no network'] }).lines.map((line) => line.text);
    expect(texts).toEqual(['Getting to know what is normal: 42% learned.', 'Limited: no network']);
  });

  it('tells a stopped camera from a server that can’t be reached', () => {
    expect(of({ streaming: false }).word).toBe('STOPPED');
    expect(situation(null, false, undefined, english).word).toBe('OFFLINE');
    expect(situation(null, true, undefined, english).title).toBe('Connecting …');
  });
});

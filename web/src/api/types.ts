/** What the server says, as `/api/openapi.json` describes it. What isn't measured is absent. */

export type State = 'IDLE' | 'MOTION' | 'ALERT';
export type Severity = 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';

/** What was out of range, in numbers: `reasoning` says the same in English. */
export interface Finding {
  code: string;
  value?: number;
  normal_up_to?: number;
  /** What it usually is, where less is out of range. */
  usually?: number;
  /** Where, 0 to 1 over the picture. */
  x?: number;
  y?: number;
}

export interface Anomaly {
  is_anomaly: boolean;
  anomaly_type: string;
  /** 0 to 1. */
  confidence: number;
  severity: Severity;
  reasoning: string[];
  findings?: Finding[];
  /** In standard deviations. */
  baseline_deviation: number;
}

export interface Degraded {
  kind: 'gone' | 'silent' | 'busy' | 'denied' | 'failed';
  reason: string;
  since: string;
  seconds: number;
}

export interface Network {
  version?: string;
  provider?: string;
  fallback?: string;
  rate_hz?: number;
  look_ms?: number;
  /** Why there is none. */
  missing?: string;
}

export interface Status {
  streaming: boolean;
  camera_active: boolean;
  ai_pipeline_active: boolean;
  ai_status: State;
  anomaly_status?: Anomaly;
  anomaly_stats?: {
    total_frames_analyzed: number;
    total_anomalies_detected: number;
    anomaly_rate: number;
    learning_complete: boolean;
    learning_progress: number;
    paused: boolean;
  };
  network: Network;
  camera: string;
  viewers: number;
  fps?: number;
  latency_ms?: number;
  processing_ms?: number;
  motion_regions?: number;
  alert_zone?: string;
  alert_severity?: Severity;
  learning_background?: boolean;
  lighting_change?: boolean;
  anomaly_score?: number;
  anomaly_level?: number;
  anomaly_limit?: number;
  frame_age_ms?: number;
  degraded?: Degraded;
  limits?: string[];
  armed: boolean;
  silent_until?: string;
  inputs?: Record<string, boolean | null>;
  outputs?: Record<string, boolean>;
  process?: { memory_bytes: number; uptime_seconds: number; temperature_c?: number };
}

export type Point = [number, number];
export type ZoneKind = 'alert' | 'ignore' | 'privacy';

export interface Zone {
  name: string;
  kind: ZoneKind;
  points: Point[];
}

export interface Opened {
  device: string;
  format: string;
  width: number;
  height: number;
  fps: number | null;
}

export interface Camera {
  name: string;
  source: 'demo' | 'device' | 'network' | 'recording';
  phase: 'stopped' | 'opening' | 'streaming' | 'lost';
  camera_active: boolean;
  opened: Opened | null;
  zones: Zone[];
}

export interface Output {
  name: string;
  kind: 'led' | 'relay';
  line: string;
  active_low: boolean;
  on: boolean;
  read_back: boolean | null;
  since: string;
  why: string;
  problem: string | null;
  capture_to_line_ms: number | null;
}

export interface Input {
  name: string;
  line: string;
  action: string;
  active: boolean | null;
  since: string;
  problem: string | null;
}

export interface Outputs {
  driver: string;
  driver_reason: string;
  outputs: Output[];
  inputs: Input[];
}

export interface Arming {
  armed: boolean;
  mode: 'armed' | 'disarmed' | 'schedule';
  why: string;
  next_change: string | null;
  silent_until: string | null;
}

/** One closing of a relay. */
export interface Closing {
  relay: string;
  closed_at: string;
  /** Null while it is closed. */
  opened_at: string | null;
  reason: string;
  ended: string | null;
}

export interface Snapshot {
  filename: string;
  bytes: number;
  /** Unix seconds. */
  time: number;
}

/** A box in pixels of an event's snapshot. */
export interface Area {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** What was kept of something that happened. Times are Unix milliseconds. */
export interface EventRecord {
  id: number;
  camera: string;
  began: number;
  /** Null while it is under way. */
  ended: number | null;
  /** The clock had been set when it began; else its times say little. */
  time_synced: boolean;
  state: 'MOTION' | 'ALERT';
  /** The highest that it had, as an anomaly or by its alert zone. */
  severity: Severity | null;
  verdict: Anomaly | null;
  zone: string | null;
  score: number;
  /** Things that moved. */
  tracks: number;
  regions: Area[];
  clip: {
    frames: number;
    seconds: number;
    width: number;
    height: number;
    bytes: number;
    /** Of its first picture. */
    began: number;
  } | null;
  /** It isn't deleted because of its age or for room. */
  keep: boolean;
  /** What is missing of its files, and why, in English. */
  fault: string | null;
}

export type EventNews =
  | { news: 'began' | 'changed' | 'ended'; event: EventRecord }
  | { news: 'deleted'; id: number }
  /** Too slow for the stream: the list has to be read again. */
  | { news: 'missed' };

export interface EventStorage {
  enabled: boolean;
  events: number;
  bytes: number;
  max_bytes: number;
  free_bytes: number | null;
  /** By days of the device's clock, the newest first. */
  written: { day: string; bytes: number }[];
  /** Why nothing can be kept, in English. */
  problem: string | null;
}

export interface Baseline {
  learning_progress: number;
  learning_complete: boolean;
  paused: boolean;
  learned_seconds: number;
  network_learned: boolean;
  signals: { signal: string; unit: string; normal_up_to: number | null }[];
  /** Share of time with motion by hour; null where nothing was seen. */
  activity: { working_days: (number | null)[]; weekends: (number | null)[] };
}

export interface SystemCamera {
  name: string;
  source: Camera['source'];
  opened: Opened | null;
  formats: { format: string; width: number; height: number; fps: number[] }[];
  frames_analyzed: number;
  frames_broken: number;
  last_broken: string | null;
  frames_skipped: number;
  reopened: number;
  network: Network;
}

export interface System {
  version: string;
  started: string;
  uptime_seconds: number;
  architecture: string;
  kernel: string | null;
  hostname: string | null;
  clock_set: boolean;
  memory_bytes: number | null;
  peak_memory_bytes: number | null;
  temperature_c?: number | null;
  disk: { free_bytes: number; total_bytes: number } | null;
  cameras: SystemCamera[];
  outputs_driver: string;
  outputs_driver_reason: string;
}

export type Update =
  | { possible: false; detail: string }
  | {
      possible: true;
      phase: 'idle' | 'asked' | 'unheard' | 'running' | 'judged' | 'taken-back';
      last: {
        outcome: 'kept' | 'taken-back' | 'nothing' | 'failed' | 'cut-off';
        from: string;
        to: string;
        at: string;
        why: string;
      } | null;
    };

export interface Readiness {
  ready: boolean;
  cameras: { name: string; ready: boolean; phase: string; degraded: Degraded | null; limits: string[] }[];
}

export interface LogLine {
  time: string;
  level: 'ERROR' | 'WARN' | 'INFO' | 'DEBUG' | 'TRACE';
  text: string;
  camera: string | null;
}

export type Effect = 'at_once' | 'reopens_camera' | 'restart';

/** One key of the configuration file. */
export interface Key {
  key: string;
  type: 'number' | 'whole' | 'switch' | 'text' | 'texts' | 'polygon';
  from?: number;
  to?: number;
  /** 0 is allowed too, and means this. */
  zero?: string;
  allowed: string;
  unit: string;
  about: string;
  effect: Effect;
  default?: unknown;
}

export type Table = Record<string, unknown>;

export interface CameraSettings extends Table {
  motion: Table;
  alert: Table;
  anomaly: Table;
  zone: Zone[];
}

/** Tables of the whole appliance, not of one camera. */
export type WholeTable = 'stream' | 'arming' | 'events' | 'snapshots';

/** What a page can change, in the shape of the configuration file; cameras by name. */
export interface SettingsTree {
  stream: Table;
  arming: Table;
  events: Table;
  snapshots: Table;
  camera: Record<string, CameraSettings>;
}

export interface Settings {
  /** Another one for other settings. */
  revision: string;
  settings: SettingsTree;
  /** What was changed here, in the same shape. */
  changed: Partial<Record<WholeTable, Table>> & { camera?: Record<string, Partial<CameraSettings>> };
  /** Keys whose change acts after a restart. */
  pending: string[];
  keys: Record<WholeTable | 'camera' | 'motion' | 'alert' | 'anomaly' | 'zone', Key[]>;
  changes?: { key: string; effect: Effect; camera: string | null }[];
}

/** What is wrong with a setting, in the configuration file's own words. */
export interface Fault {
  keys: string[];
  text: string;
}

/** What somebody may do; each includes the one before. */
export type Scope = 'view' | 'control' | 'admin';
export type User = 'admin' | 'viewer';

export interface Session {
  /** `none`: nobody needs to log in; `locked`: nobody can. */
  auth: 'none' | 'password' | 'locked';
  user: User | null;
  /** Null: nobody is logged in. */
  scope: Scope | null;
  /** The connection is encrypted. */
  secure: boolean;
  /** There is an admin's password; only administrators are told. */
  password_set: boolean;
  /** It is still the one that the device made; only administrators are told. */
  password_made: boolean;
  /** The configuration says that nobody needs to log in: a password wouldn't be asked for. */
  open_by_configuration: boolean;
}

export interface LoggedIn {
  id: string;
  user: User;
  /** Unix seconds. */
  created: number;
  address: string;
  agent: string;
  /** The one that asks. */
  current: boolean;
}

export interface Token {
  name: string;
  scope: Scope;
  /** Unix seconds. */
  created: number;
  used: number | null;
}

export interface Access {
  users: { name: User; set: boolean; changed: number | null; made: boolean }[];
  sessions: LoggedIn[];
  tokens: Token[];
  failed_logins: number;
}

// Shows one camera: its stream, its state and its figures. Polls /status each second, as the guide says.
const POLL_MS = 1000;
const RETRY_MS = 2000;
// Browsers keep memory for each picture of a stream until it ends, and tell nobody when it ends.
const RENEW_MS = 5 * 60 * 1000;

const at = (id) => document.getElementById(id);
const live = at('live');

let camera = null; // its name; null means the first one
let shown = false; // the stream is in the page
let began = 0; // when it began
let unseen = 0; // polls in a row in which the server had no viewer although the stream is in the page
let retry = null; // timer of the next attempt to show it
let status = null; // the last answer to /status; null while the server can't be reached
let busy = false; // a command is under way
let problem = null; // what the last command failed with

const address = (path) => (camera === null ? path : `${path}?camera=${encodeURIComponent(camera)}`);
const streamAddress = () => {
  const path = camera === null ? 'live' : `live/${encodeURIComponent(camera)}`;
  return `${path}?t=${Date.now()}`;
};

// --- the stream -----------------------------------------------------------------------------------

function show() {
  clearTimeout(retry);
  retry = null;
  shown = true;
  began = Date.now();
  unseen = 0;
  live.src = streamAddress();
}

function unshow() {
  clearTimeout(retry);
  retry = null;
  shown = false;
  // Without this the browser would go on reading the stream.
  live.removeAttribute('src');
  live.hidden = true;
}

/// Ends the stream and begins it again in a while, if it is still wanted then.
function showLater() {
  unshow();
  retry = setTimeout(() => {
    retry = null;
    follow();
  }, RETRY_MS);
}

/// Shows the stream exactly while there is one and somebody looks.
function follow() {
  const wanted = !document.hidden && status !== null && status.streaming;
  if (!wanted) unshow();
  else if (!shown && retry === null) show();
}

/// Begins the stream again when it must have ended: browsers say nothing of it.
function renew(before, now) {
  if (!shown || before === null || now === null) return;
  unseen = now.viewers === 0 ? unseen + 1 : 0;
  const restarted = frames(now) < frames(before);
  if (restarted || unseen > 1 || Date.now() - began > RENEW_MS) show();
}

const frames = ({ anomaly_stats: stats }) => (stats ? stats.total_frames_analyzed : 0);

live.addEventListener('load', () => { live.hidden = !shown; });
live.addEventListener('error', () => { if (shown) showLater(); });
document.addEventListener('visibilitychange', follow);

// --- state and figures ----------------------------------------------------------------------------

async function poll() {
  if (!document.hidden) {
    const asked = camera;
    let answer = null;
    try {
      const response = await fetch(address('status'), { signal: AbortSignal.timeout(5000) });
      if (response.ok) answer = await response.json();
    } catch { /* not reachable: shown as such */ }
    if (asked === camera) {
      // A server that comes back doesn't know of the old stream.
      if (status === null && answer !== null) unshow();
      renew(status, answer);
      status = answer;
      render();
      follow();
    }
  }
  setTimeout(poll, POLL_MS);
}

function render() {
  const state = at('state');
  const word = status === null ? 'OFFLINE' : !status.streaming ? 'STOPPED'
    : status.degraded ? 'NO SIGNAL' : !status.camera_active ? 'OPENING' : status.ai_status;
  state.textContent = word;
  state.className = `state ${word}`;

  const cover = at('cover');
  cover.hidden = shown && !live.hidden;
  cover.textContent = status === null ? 'The server can’t be reached. Trying again …'
    : status.streaming ? 'Waiting for the picture …' : 'The camera is stopped.';

  at('start').disabled = busy || status === null || (status.streaming && !status.degraded);
  at('stop').disabled = busy || status === null || !status.streaming;
  at('snapshot').disabled = busy || status === null || !status.camera_active;

  const outputs = (status && status.outputs) || {};
  at('arming').hidden = Object.keys(outputs).length === 0;
  for (const id of ['arm', 'disarm', 'schedule', 'silence']) at(id).disabled = busy;
  const on = Object.keys(outputs).filter((name) => outputs[name]);
  at('armed').textContent = status === null ? ''
    : `${status.armed ? 'armed' : 'disarmed'}; ${on.length ? `on: ${on.join(', ')}` : 'all off'}`;

  const message = at('message');
  const notice = !problem && status !== null ? explain(status) : null;
  message.hidden = !problem && !notice;
  message.textContent = problem || notice || '';
  message.className = problem || (status && status.degraded) ? '' : 'notice';
  at('figures').replaceChildren(...(status === null ? [] : figures(status)));
}

function explain(status) {
  if (status.degraded) return `No picture for ${duration(status.degraded.seconds)}: ${status.degraded.reason}`;
  if (status.anomaly_status) {
    const { anomaly_type: type, severity, reasoning } = status.anomaly_status;
    return `${type.replaceAll('_', ' ')} (${severity}): ${reasoning.join('; ')}`;
  }
  if (status.ai_status === 'ALERT' && status.alert_zone) return `Motion in zone “${status.alert_zone}”`;
  if (status.learning_background) return 'Getting to know the background; motion isn’t told yet.';
  if (status.lighting_change) return 'The light is changing.';
  if (status.limits) return status.limits.join('; ');
  return null;
}

function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}

function figures(status) {
  const stats = status.anomaly_stats;
  const rows = [
    ['Frames a second', status.fps],
    ['Latency', status.latency_ms, 'ms'],
    ['Analysis of a frame', status.processing_ms, 'ms'],
    ['Moving things', status.motion_regions],
    ['Viewers', status.viewers],
    ['Frames analysed', stats && stats.total_frames_analyzed],
    ['Anomaly score', status.anomaly_score],
    ['Anomalies', stats && stats.total_anomalies_detected],
    ['Learned', stats && Math.round(100 * stats.learning_progress), stats && stats.paused ? '%, paused' : '%'],
    ['Network', status.network && status.network.rate_hz, 'looks a second'],
  ];
  return rows.filter(([, value]) => value !== undefined && value !== null).map(([name, value, unit]) => {
    const row = document.createElement('div');
    const term = document.createElement('dt');
    const figure = document.createElement('dd');
    term.textContent = name;
    figure.textContent = unit ? `${value} ${unit}` : value.toLocaleString('en');
    row.append(term, figure);
    return row;
  });
}

// --- commands -------------------------------------------------------------------------------------

async function command(path, body) {
  busy = true;
  problem = null;
  render();
  let answer = null;
  try {
    const response = await fetch(address(path), { method: 'POST', body: body && JSON.stringify(body) });
    answer = await response.json();
    if (!response.ok) problem = answer.detail ? `${answer.error}: ${answer.detail}` : answer.error;
  } catch {
    problem = 'The server can’t be reached.';
  }
  busy = false;
  render();
  return problem ? null : answer;
}

at('start').addEventListener('click', () => command('start'));

at('stop').addEventListener('click', () => {
  unshow();
  if (status) status.streaming = false;
  command('stop');
});

for (const [id, mode] of [['arm', 'armed'], ['disarm', 'disarmed'], ['schedule', 'schedule']]) {
  at(id).addEventListener('click', () => command('api/arm', { mode }));
}
at('silence').addEventListener('click', () => command('api/alert/silence'));

at('snapshot').addEventListener('click', async () => {
  const saved = await command('snapshot');
  if (!saved) return;
  const link = at('saved');
  link.href = `api/snapshots/${encodeURIComponent(saved.filename)}`;
  link.textContent = saved.filename;
  link.hidden = false;
});

at('camera').addEventListener('change', (event) => {
  camera = event.target.value;
  problem = null;
  status = null;
  unshow();
  render();
});

async function listCameras() {
  try {
    const { cameras } = await (await fetch('api/cameras')).json();
    at('choice').hidden = cameras.length < 2;
    at('camera').replaceChildren(...cameras.map(({ name }) => new Option(name, name)));
  } catch {
    setTimeout(listCameras, RETRY_MS);
  }
}

listCameras();
poll();

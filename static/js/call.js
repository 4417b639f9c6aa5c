// The waiting room and the call of two browsers. The page says how things stood when it was made (data-status); when they stand
// otherwise, it loads itself anew. Picture and sound go from browser to browser; the portal passes on only how they find each other.
const place = document.querySelector('[data-call]'), { call: path, status, party, since } = place.dataset;
const provider = party === 'PROVIDER', talking = status === 'ACTIVE';
const $ = s => place.querySelector(s), me = [...crypto.getRandomValues(new Uint8Array(12))].map(b => b.toString(16).padStart(2, '0')).join('');
const say = words => { const state = $('[data-state]'); if (state && state.textContent !== words) state.textContent = words; };

// One message after the other, so that none overtakes another.
let line = Promise.resolve(), left = false;
const send = (kind, to, body) => line = line.then(() => left ? 0 : fetch(path + '/signals', {
  method: 'POST', headers: { 'HX-Request': 'true' },
  body: new URLSearchParams({ kind, from: me, to: to || '', body: body ? JSON.stringify(body) : '' }),
})).catch(() => {});

let stream, peer, other, here = false;

// How the call stands, in words.
const tell = () => {
  const state = peer?.connectionState;
  say(state === 'connected' ? 'You are connected.' : here ? 'Connecting…' : 'The other side is not here just now. Keep this page open.');
};

// A new connection to a page of the other side; the old one, if any, was to a page that has gone or a line that has broken.
const connect = to => {
  peer?.close();
  other = to;
  const mine = peer = new RTCPeerConnection({ iceServers: JSON.parse(place.dataset.ice || '[]') }), held = [];
  for (const track of stream.getTracks()) mine.addTrack(track, stream);
  let told = false;
  mine.onicecandidate = e => { if (e.candidate) { if (told) send('candidate', to, e.candidate); else held.push(e.candidate); } };
  // The description goes first: the other side knows what to do with candidates then.
  mine.describe = async kind => {
    await mine.setLocalDescription();
    send(kind, to, mine.localDescription);
    told = true;
    for (const candidate of held) send('candidate', to, candidate);
  };
  mine.ontrack = e => { $('.theirs').srcObject = e.streams[0]; };
  mine.onconnectionstatechange = () => {
    if (mine !== peer) return;
    tell();
    if (mine.connectionState === 'failed') { other = null; send('hello'); }
  };
  return mine;
};

const hear = async ({ kind, from, to, body }) => {
  if (to && to !== me) return;
  const said = body ? JSON.parse(body) : null;
  if (kind === 'hello') {
    // The clinician's page makes the offer; the patient's answers a greeting with its own, so that it gets one.
    if (!provider) { if (!to) send('hello', from); } else if (from !== other || !['new', 'connecting', 'connected'].includes(peer?.connectionState)) await connect(from).describe('offer');
  } else if (kind === 'offer' && !provider) {
    const mine = connect(from);
    await mine.setRemoteDescription(said);
    await mine.describe('answer');
  } else if (from !== other) {
    return;
  } else if (kind === 'answer' && peer.signalingState === 'have-local-offer') {
    await peer.setRemoteDescription(said);
  } else if (kind === 'candidate') {
    await peer.addIceCandidate(said);
  } else if (kind === 'bye') {
    peer?.close(); peer = other = null; $('.theirs').srcObject = null; tell();
  }
};

// Messages are worked on in their order, also where one takes its time.
let work = Promise.resolve();
const listen = () => {
  const events = new EventSource(path + '/events?since=' + since);
  events.addEventListener('state', e => {
    const now = JSON.parse(e.data);
    if (now.status !== status) { left = true; events.close(); return location.reload(); }
    here = now.here; if (stream) tell();
  });
  events.addEventListener('signal', e => { const said = JSON.parse(e.data); work = work.then(() => hear(said)).catch(() => {}); });
  return events;
};

const keys = () => {
  $('.call-keys').hidden = false;
  for (const key of place.querySelectorAll('[data-mute]')) key.onclick = () => {
    const off = key.ariaPressed !== 'true', kind = key.dataset.mute;
    for (const track of stream.getTracks()) if (track.kind === kind) track.enabled = !off;
    key.ariaPressed = off;
    key.querySelector('span').textContent = 'Turn ' + (kind === 'audio' ? 'microphone ' : 'camera ') + (off ? 'on' : 'off');
  };
};

const begin = async () => {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  } catch (why) {
    // No camera is no reason not to talk.
    if (why.name === 'NotFoundError') stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) { say(''); $('[data-denied]').hidden = false; return; }
  }
  $('.mine').srcObject = stream;
  keys();
  tell();
  listen();
  send('hello');
  // Who talks uses the portal, though they click nothing.
  const tabs = new BroadcastChannel('session');
  setInterval(() => { fetch('/me/presence', { method: 'POST', headers: { 'HX-Request': 'true' } }).then(r => { if (r.status === 204) tabs.postMessage(1); }, () => {}); }, 6e4);
  addEventListener('pagehide', () => {
    left = true;
    navigator.sendBeacon(path + '/signals', new URLSearchParams({ kind: 'bye', from: me }));
    for (const track of stream.getTracks()) track.stop();
  });
};

if (talking && !('onlyWatch' in place.dataset)) begin(); else listen();

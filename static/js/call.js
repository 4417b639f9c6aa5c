// The waiting room and the call. The page says how things stood when it was made (data-status); when they stand otherwise, it loads
// itself anew. Picture and sound go from browser to browser, of guests too; the portal passes on only how they find each other.
const place = document.querySelector('[data-call]'), { call: path, status, me: self, since } = place.dataset;
const talking = status === 'ACTIVE', rank = who => ({ PROVIDER: 2, PATIENT: 1 })[who] || 0, guest = !rank(self);
// Of each two the one makes the offer that both agree on: the clinician to everybody, the patient to guests.
const offers = to => rank(self) > rank(to) || (rank(self) === rank(to) && self > to);
const $ = s => place.querySelector(s), me = [...crypto.getRandomValues(new Uint8Array(12))].map(b => b.toString(16).padStart(2, '0')).join('');
const say = words => { const state = $('[data-state]'); if (state && state.textContent !== words) state.textContent = words; };

// One message after the other, so that none overtakes another. What the portal did not take, because it or the network is away for a
// moment, is sent again; after half a minute only when somebody asks for it. Messages have numbers: what was kept though no answer came,
// and is sent again, is heard once.
let line = Promise.resolve(), left = false, number = 0;
const gone = $('[data-gone]'), wait = ms => new Promise(done => setTimeout(done, ms));
const asked = async () => {
  gone.hidden = false; tell();
  await new Promise(done => {
    $('[data-again]').onclick = () => { $('[data-state]').focus(); done(); };
    addEventListener('online', done, { once: true });
  });
  gone.hidden = true; tell();
};
const post = async message => {
  for (let pause = 500, since = Date.now(); !left; pause = Math.min(2 * pause, 4e3)) {
    const answer = await fetch(path + '/signals', {
      method: 'POST', headers: { 'HX-Request': 'true' }, body: new URLSearchParams(message), signal: AbortSignal.timeout(1e4),
    }).then(r => r.status, () => 0);
    // The call is over, or goes on without this page.
    if ([403, 404, 409, 410].includes(answer)) left = true;
    if (![0, 502, 503, 504].includes(answer)) return;
    if (Date.now() - since < 3e4) await wait(pause);
    else { await asked(); pause = 250; since = Date.now(); }
  }
};
const send = (kind, to, name, said) => {
  const message = { kind, from: me, to: to || '', body: JSON.stringify({ n: ++number, name, said }) };
  return line = line.then(() => post(message));
};

// Whom this browser talks to, by who they are: the connection, the page at its other end, the picture.
const peers = new Map();
let stream, here = false;
const words = { PROVIDER: 'Clinician', PATIENT: 'Patient' }, first = $('.theirs');

// How the call stands, in words.
const tell = () => {
  const connected = [...peers.values()].filter(p => p.line.connectionState === 'connected').length;
  say(connected > 1 ? 'You are connected to ' + connected + ' people.' : connected ? 'You are connected.' : !gone.hidden ? '' : here ? 'Connecting…' : 'The other side is not here just now. Keep this page open.');
};

// The picture of somebody: of the one whom the page is about, or one more.
const view = who => {
  if (guest ? who === 'PROVIDER' : rank(who)) return first;
  const video = document.createElement('video');
  Object.assign(video, { className: 'theirs', autoplay: true, playsInline: true, ariaLabel: words[who] || 'Guest' });
  $('.mine').before(video);
  return video;
};
const part = who => {
  const old = peers.get(who);
  if (!old) return;
  peers.delete(who);
  old.line.close(); old.video.srcObject = null;
  if (old.video !== first) old.video.remove();
};

// A new connection to a page of somebody; the old one, if any, was to a page that has gone or a line that has broken. Who offers it gives
// it a name, so that nothing said about one is taken for another.
let names = 0;
const connect = (who, to, name = ++names) => {
  part(who);
  const mine = new RTCPeerConnection({ iceServers: JSON.parse(place.dataset.ice || '[]') }), held = [], video = view(who);
  peers.set(who, { line: mine, name, page: to, video });
  for (const track of stream.getTracks()) mine.addTrack(track, stream);
  let told = false;
  mine.onicecandidate = e => { if (e.candidate) { if (told) send('candidate', to, name, e.candidate); else held.push(e.candidate); } };
  // The description goes first: the other side knows what to do with candidates then.
  mine.describe = async kind => {
    await mine.setLocalDescription();
    const sent = send(kind, to, name, mine.localDescription);
    told = true;
    for (const candidate of held) send('candidate', to, name, candidate);
    return { sent };
  };
  mine.ontrack = e => { video.srcObject = e.streams[0]; };
  mine.onconnectionstatechange = () => {
    if (mine !== peers.get(who)?.line) return;
    tell();
    if (mine.connectionState === 'failed') { part(who); send('hello'); }
  };
  return mine;
};

// Offers a connection, and another one where no answer comes.
const offer = async (who, to, more = 2) => {
  const mine = connect(who, to), unheard = () => mine === peers.get(who)?.line && mine.signalingState === 'have-local-offer';
  const { sent } = await mine.describe('offer');
  if (more) sent.then(() => wait(2e4)).then(() => next(() => unheard() && offer(who, to, more - 1)));
};

// The number of the last message that was heard from a page, as far as the portal says whose it is.
const numbers = new Map();
const hear = async ({ who, kind, from, to, body }) => {
  if (to && to !== me) return;
  const { n, name, said } = body ? JSON.parse(body) : {}, known = peers.get(who), same = known?.page === from;
  if (n <= numbers.get(who + from)) return;
  numbers.set(who + from, n);
  if (kind === 'hello') {
    // Who makes no offer answers a greeting with its own, so that it gets one.
    if (!offers(who)) { if (!to) send('hello', from); } else if (!same || !['new', 'connecting', 'connected'].includes(known.line.connectionState)) await offer(who, from);
  } else if (kind === 'offer' && !offers(who)) {
    const mine = connect(who, from, name);
    await mine.setRemoteDescription(said);
    await mine.describe('answer');
  } else if (!same) {
    return;
  } else if (kind === 'bye') {
    part(who); tell();
  } else if (name !== known.name) {
    return;
  } else if (kind === 'answer' && known.line.signalingState === 'have-local-offer') {
    await known.line.setRemoteDescription(said);
  } else if (kind === 'candidate') {
    await known.line.addIceCandidate(said);
  }
};

// Messages are worked on in their order, also where one takes its time.
let work = Promise.resolve(), last = since, pause = 1e3;
const next = task => { work = work.then(task).catch(() => {}); };
const listen = () => {
  const events = new EventSource(path + '/events?since=' + last);
  // A browser comes back by itself when a line breaks, but not when something else answers in the portal's place.
  events.onopen = () => { pause = 1e3; };
  events.onerror = () => { if (events.readyState === EventSource.CLOSED && !left) setTimeout(listen, pause = Math.min(2 * pause, 6e4)); };
  events.addEventListener('state', e => {
    const now = JSON.parse(e.data);
    if (now.status !== status) { left = true; events.close(); return location.reload(); }
    here = now.here;
    // Who was sent away is out at once, whatever their browser does.
    for (const who of peers.keys()) if (!rank(who) && !now.guests.includes(who)) part(who);
    if (stream) tell();
    // Who lets guests in sees who waits.
    if (now.knocks !== null) document.body.dispatchEvent(new CustomEvent('guests', { bubbles: true }));
  });
  events.addEventListener('signal', e => { last = e.lastEventId; next(() => hear(JSON.parse(e.data))); });
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
  if (!guest) setInterval(() => { fetch('/me/presence', { method: 'POST', headers: { 'HX-Request': 'true' } }).then(r => { if (r.status === 204) tabs.postMessage(1); }, () => {}); }, 6e4);
  addEventListener('pagehide', () => {
    left = true;
    navigator.sendBeacon(path + '/signals', new URLSearchParams({ kind: 'bye', from: me }));
    for (const track of stream.getTracks()) track.stop();
  });
};

if (talking && !('onlyWatch' in place.dataset)) begin(); else listen();

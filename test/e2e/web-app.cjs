/* What runs in the workspaces of web-apps.e2e.test.ts: a page with a cookie and a web socket, and a large file with ranges. */
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');
const name = process.argv[2];
const sizeBytes = 48 * 1024 * 1024;
const block = Buffer.alloc(65_536);
for (let at = 0; at < block.length; at += 1) block[at] = at % 251;

const page = `<!doctype html><title>${name}</title><h1>${name}</h1><p id="cookie"></p><p id="socket">…</p><script>
document.cookie = 'of=${name}; SameSite=None; Secure; Partitioned';
const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
socket.onopen = () => socket.send('hello');
socket.onmessage = ({ data }) => { document.getElementById('socket').textContent = data; };
socket.onclose = () => { document.getElementById('socket').textContent = 'closed'; };
fetch('/cookies').then((answer) => answer.text()).then((text) => { document.getElementById('cookie').textContent = text; });
</script>`;

const server = createServer((request, response) => {
  if (request.url === '/cookies') response.end(request.headers.cookie ?? 'none');
  else if (request.url === '/large') sendLarge(request, response);
  else if (request.url === '/change') response.end(`changed by ${request.method}`);
  else {
    response.setHeader('Content-Type', 'text/html');
    response.setHeader('Set-Cookie', `http-only=${name}; HttpOnly; Path=/`);
    response.setHeader('X-Frame-Options', 'DENY');
    response.end(page);
  }
});

function sendLarge(request, response) {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  let at = Number(from ?? 0);
  response.writeHead(from === undefined ? 200 : 206, {
    'Accept-Ranges': 'bytes',
    'Content-Length': sizeBytes - at,
    ...(from === undefined ? {} : { 'Content-Range': `bytes ${from}-${sizeBytes - 1}/${sizeBytes}` }),
  });
  const go = () => {
    while (at < sizeBytes && !response.destroyed) {
      const inBlock = at % block.length;
      const piece = block.subarray(inBlock, Math.min(block.length, inBlock + sizeBytes - at));
      at += piece.length;
      if (!response.write(piece)) {
        response.once('drain', go);
        return;
      }
    }
    response.end();
  };
  go();
}

// RFC 6455, as far as short text frames need it.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => socket.destroy());
  socket.on('data', (frame) => {
    if ((frame[0] & 15) === 8) return socket.end();
    const length = frame[1] & 127;
    const mask = frame.subarray(2, 6);
    const text = Buffer.from(frame.subarray(6, 6 + length)).map((byte, at) => byte ^ mask[at % 4]);
    const answer = Buffer.concat([Buffer.from(`${name} heard `), text]);
    socket.write(Buffer.concat([Buffer.from([0x81, answer.length]), answer]));
  });
});
server.listen(3000, '127.0.0.1');

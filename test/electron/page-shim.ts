/**
 * What runs in the page before anything of its own: `require('electron')` for the built preload, and window.open as
 * Electron answers it. Plain text, since Chromium runs it. Values cross the bridge as clones, as contextIsolation does;
 * a page world of its own the stand-in does not have.
 */
export function pageShim(preloadSource: string, platform: string): string {
  return `(() => {
  if (window.top !== window) return;
  const call = window.__electronCall;
  delete window.__electronCall;
  const listeners = new Map();
  const ports = new Map();
  const encode = (data) => {
    if (!ArrayBuffer.isView(data)) return { json: JSON.stringify(data) ?? 'null' };
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return { bytes: btoa(text) };
  };
  const decode = ({ json, bytes }) =>
    bytes === undefined ? JSON.parse(json) : Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
  Object.defineProperty(window, '__electronDeliver', { value: (message) => {
    if (message.kind === 'port') return ports.get(message.id)?.postMessage(decode(message.data));
    if (message.kind === 'port-close') { ports.get(message.id)?.close(); return ports.delete(message.id); }
    const given = message.ports.map((id) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => call({ kind: 'port', id, data: encode(data) });
      port1.addEventListener('close', () => call({ kind: 'port-close', id }));
      ports.set(id, port1);
      return port2;
    });
    for (const listener of listeners.get(message.channel) ?? []) listener({ ports: given }, ...message.args);
  }});
  const electron = {
    ipcRenderer: {
      on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
      send: (channel, ...args) => void call({ kind: 'send', channel, args }),
      invoke: async (channel, ...args) => {
        const answer = await call({ kind: 'invoke', channel, args: structuredClone(args) });
        if (answer.error !== undefined) throw new Error(answer.error);
        return answer.value;
      },
    },
    contextBridge: {
      exposeInMainWorld: (name, api) => {
        const bridge = (value) => typeof value === 'function'
          ? (...args) => value(...args.map((one) => (typeof one === 'function' ? one : structuredClone(one))))
          : structuredClone(value);
        const exposed = Object.fromEntries(Object.entries(api).map(([key, value]) => [key, bridge(value)]));
        Object.defineProperty(window, name, { value: Object.freeze(exposed) });
      },
    },
  };
  window.open = (url) => { call({ kind: 'open', url: String(url ?? '') }); return null; };
  const require = (name) => {
    if (name !== 'electron') throw new Error('a sandboxed preload cannot require ' + name);
    return electron;
  };
  const process = { platform: ${JSON.stringify(platform)} };
  const exports = {};
  const module = { exports };
  (function (require, process, module, exports) {
${preloadSource}
  })(require, process, module, exports);
})();`;
}

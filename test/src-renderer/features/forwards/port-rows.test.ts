/** Which rows a workspace's ports make, and what the one click of each is for. */
import { describe, expect, it } from 'vitest';
import { portAct, portRows } from '#renderer/features/forwards/port-rows.ts';
import { forward, listening } from '../../forward-scenes.ts';

const app = {
  ...({ name: 'JupyterLab', port: 8888, protocol: 'http', path: '/lab', isMain: true } as const),
  login: { how: 'none' } as const,
};

describe('the rows of a workspace’s ports', () => {
  it('join what listens, what the project declares and what is forwarded, by port', () => {
    const { rows, others } = portRows({
      listening: [listening(9000, { program: 'php' }), listening(3000, { name: 'Shop', program: 'node' })],
      apps: [app],
      forwards: [
        forward(1, 1, { port: 3000 }),
        forward(2, 1, { kind: 'tcp', port: 3000, localPort: 3000 }),
        forward(3, 1, { port: 4000, name: 'Kept' }),
      ],
    });
    expect(rows.map(({ port, name, forwards }) => [port, name, forwards.length])).toEqual([
      [3000, 'Shop', 2],
      [4000, 'Kept', 1],
      [8888, 'JupyterLab', 0],
      [9000, 'php', 0],
    ]);
    expect(rows.find(({ port }) => port === 8888)?.listening).toBe(null);
    expect(others).toEqual([]);
  });

  it('leave out the ends that Berth itself has in it, and keep proxies apart', () => {
    const proxy = forward(1, 1, { kind: 'socks', port: null });
    const out = forward(2, 1, { kind: 'remote', port: 9003 });
    const { rows, others } = portRows({ listening: [listening(9003)], apps: [], forwards: [proxy, out] });
    expect(rows).toEqual([]);
    expect(others).toEqual([proxy, out]);
  });
});

describe('the one click of a port', () => {
  const act = (more: Parameters<typeof listening>[1], mayListen = true, forwards = [] as never[]) => {
    const { rows } = portRows({ listening: [listening(5000, more)], apps: [], forwards });
    return portAct(rows[0]!, mayListen);
  };

  it('is what its protocol is for', () => {
    expect(act({ protocol: 'http' })).toBe('open');
    expect(act({ protocol: 'https' })).toBe('open');
    expect(act({ protocol: 'vnc' })).toBe('screen');
    expect(act({ protocol: 'tcp' })).toBe('forward');
    expect(act({ protocol: null })).toBe('ask');
  });

  it('is no page where the project calls it the sound of a screen', () => {
    const screen = {
      name: 'Screen',
      port: 5900,
      protocol: 'vnc',
      path: '/',
      login: { how: 'none' },
    } as const;
    const { rows } = portRows({
      listening: [listening(4711, { protocol: null, program: 'pulseaudio' })],
      apps: [{ ...screen, isMain: true, soundPort: 4711 }],
      forwards: [],
    });
    expect([rows[0]?.name, portAct(rows[0]!, true)]).toEqual(['Sound of Screen', 'forward']);
  });

  it('is none where only the owner may listen, and the address where it is forwarded', () => {
    expect(act({ protocol: 'tcp' }, false)).toBe(null);
    const there = forward(1, 1, { kind: 'tcp', port: 5000, protocol: 'tcp', localPort: 5000 });
    const { rows } = portRows({ listening: [], apps: [], forwards: [there] });
    expect(portAct(rows[0]!, false)).toBe('copy');
  });
});

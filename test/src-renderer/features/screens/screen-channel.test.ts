/** A stream of the plane with the face of a WebSocket: it opens with the server's first bytes, loses none, ends once. */
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { ScreenChannel } from '#renderer/features/screens/screen-channel.ts';
import { planeStream } from './plane-stream.ts';

function heardBy(channel: ScreenChannel) {
  const heard: string[] = [];
  channel.onmessage = ({ data }) => heard.push(new TextDecoder().decode(data));
  channel.onclose = () => heard.push('close');
  return heard;
}

describe('a channel for noVNC', () => {
  it('has every member that noVNC looks for in a raw channel, from the start', () => {
    const channel = new ScreenChannel(planeStream().stream);
    const members = [
      ...Object.keys(channel),
      ...Object.getOwnPropertyNames(Object.getPrototypeOf(channel) as object),
    ];
    // core/websock.js, rawChannelProps.
    for (const name of [
      'send',
      'close',
      'binaryType',
      'onerror',
      'onmessage',
      'onopen',
      'protocol',
      'readyState',
    ])
      expect(members).toContain(name);
  });

  it('is open when the server has spoken, and keeps what came until it is listened to', async () => {
    const plane = planeStream();
    const channel = new ScreenChannel(plane.stream);
    expect(channel.readyState).toBe('connecting');
    plane.say('RFB 003.008\n');
    plane.say('more');
    await channel.opened;
    expect(channel.readyState).toBe('open');
    const heard = heardBy(channel);
    channel.flow();
    plane.say('then');
    expect(heard).toEqual(['RFB 003.008\n', 'more', 'then']);
    expect(plane.usedBytes()).toBe(12 + 4 + 4 + 3 * 5);
  });

  it('sends frames up, and none after the end', async () => {
    const plane = planeStream();
    const channel = new ScreenChannel(plane.stream);
    channel.send(new TextEncoder().encode('RFB'));
    channel.close();
    channel.send(new TextEncoder().encode('late'));
    expect(plane.heard()).toEqual(['RFB']);
    expect(plane.isClosed()).toBe(true);
  });

  it('tells of its end once, and never within the call of close', async () => {
    const plane = planeStream();
    const channel = new ScreenChannel(plane.stream);
    const heard = heardBy(channel);
    plane.say('x');
    channel.flow();
    channel.close();
    expect(heard).toEqual(['x']);
    plane.end();
    await Promise.resolve();
    await Promise.resolve();
    expect(heard).toEqual(['x', 'close']);
    expect(channel.failure).toBeNull();
  });

  it('says what ended it before the server spoke', async () => {
    const refused = planeStream();
    const channel = new ScreenChannel(refused.stream);
    refused.fail(new BerthError('workspace.port-refused', 'Nothing listens there.'));
    await expect(channel.opened).rejects.toMatchObject({ message: 'Nothing listens there.' });

    const silent = planeStream();
    const shut = new ScreenChannel(silent.stream);
    silent.sayEnd();
    await expect(shut.opened).rejects.toMatchObject({ code: 'workspace.port-refused' });
    expect(silent.isClosed()).toBe(true);
  });

  it('ends on bytes that are no frame', async () => {
    const plane = planeStream();
    const channel = new ScreenChannel(plane.stream);
    plane.raw(new Uint8Array([99, 0, 0, 0, 1, 7]));
    await expect(channel.opened).rejects.toBeInstanceOf(BerthError);
    expect(plane.isClosed()).toBe(true);
  });
});

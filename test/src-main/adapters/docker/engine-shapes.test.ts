/** What engines that are not here say of themselves, in their own JSON. */
import { describe, expect, test } from 'vitest';
import { readEngineInfo } from '#main/adapters/docker/engine-shapes.ts';

const api = { apiVersion: '1.50', minimumApiVersion: '1.24' };
const nameOf = (version: object) => readEngineInfo({ Name: 'atlas' }, { ...version }, api).name;
const runtimesOf = (...names: string[]) =>
  readEngineInfo({ Runtimes: Object.fromEntries(names.map((name) => [name, {}])) }, {}, api).runtimes;

describe('the engine’s name', () => {
  test.each([
    [
      'Docker Engine',
      { Platform: { Name: 'Docker Engine - Community' }, Components: [{ Name: 'Engine' }, { Name: 'runc' }] },
    ],
    ['Docker', { Platform: { Name: '' }, Components: [{ Name: 'Engine' }, { Name: 'containerd' }] }],
    [
      'Docker Desktop',
      { Platform: { Name: 'Docker Desktop 4.30.0 (149282)' }, Components: [{ Name: 'Engine' }] },
    ],
    [
      'Mirantis Container Runtime',
      { Platform: { Name: 'Mirantis Container Runtime' }, Components: [{ Name: 'Engine' }] },
    ],
    [
      'Podman Engine',
      {
        Platform: { Name: 'linux/amd64/debian-13' },
        Components: [{ Name: 'Podman Engine' }, { Name: 'Conmon' }],
      },
    ],
    ['Docker', { Platform: { Name: 'linux/amd64/debian-13' } }],
    ['Docker', {}],
    ['Docker', { Platform: 7, Components: 'none' }],
  ])('is %s', (name, version) => {
    expect(nameOf(version)).toBe(name);
  });
});

describe('runtimes', () => {
  test('leave out what is another name of one that is there', () => {
    expect(runtimesOf('io.containerd.runc.v2', 'io.containerd.runtime.v1.linux', 'runc', 'runsc')).toEqual([
      'runc',
      'runsc',
    ]);
    expect(runtimesOf('io.containerd.kata.v2', 'kata-runtime', 'runc')).toEqual(['kata-runtime', 'runc']);
  });
  test('keep it where it is the only name', () => {
    expect(runtimesOf('io.containerd.runsc.v1', 'runc')).toEqual(['io.containerd.runsc.v1', 'runc']);
    expect(runtimesOf('crun', 'io.containerd.spin.v2')).toEqual(['crun', 'io.containerd.spin.v2']);
  });
});

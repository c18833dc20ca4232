/**
 * Which renderer a terminal gets. WebGL pays only where hardware drives it: on software GL it moved 20 MB/s against
 * 69 MB/s of the DOM renderer, with main-thread gaps near 100 ms. Browsers keep about 16 contexts, so only visible
 * terminals get one.
 */

const software = /swiftshader|llvmpipe|software|basic render|softpipe|virgl|mesa offscreen/i;

export function isHardwareRenderer(rendererName: string | null): boolean {
  return rendererName !== null && rendererName !== '' && !software.test(rendererName);
}

/** Asks the browser once which GPU draws; null where WebGL 2 or the name cannot be had. */
export function readRendererName(createCanvas: () => HTMLCanvasElement): string | null {
  const gl = createCanvas().getContext('webgl2');
  if (gl === null) return null;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL);
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return typeof name === 'string' ? name : null;
}

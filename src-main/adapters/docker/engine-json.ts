/**
 * Reads the engine's JSON with distrust: a host may lie or be of another make (Podman), so every field is checked when
 * it is read, and a missing one becomes the neutral value. Must not know any endpoint.
 */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function asTexts(value: unknown): string[] {
  return asList(value).filter((item): item is string => typeof item === 'string');
}

/** A finite number, or 0. */
export function asNumber(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** A whole number that is not negative, as the contract's byte counts are. */
export function asCount(value: unknown): number {
  return Math.max(0, Math.trunc(asNumber(value)));
}

/** Labels: text to text; anything else is left out. */
export function asLabels(value: unknown): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, text] of Object.entries(asRecord(value)))
    if (typeof text === 'string') Object.defineProperty(labels, name, { value: text, enumerable: true });
  return labels;
}

/** The engine's time as an ISO string; null for none (Go writes its zero time as the year 1). */
export function asInstant(value: unknown): string | null {
  const text = asText(value);
  if (text === '' || text.startsWith('0001-')) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

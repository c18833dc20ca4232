/**
 * Finds text as people type it: the letters in order, better at the beginnings of words and next to each other. Pure.
 */
export interface FuzzyMatch {
  /** Higher is better. */
  readonly score: number;
  /** Indices of the letters that matched, for marking them. */
  readonly at: readonly number[];
}

const isBoundary = (text: string, index: number) =>
  index === 0 ||
  /[\s\-_./:@]/.test(text[index - 1]!) ||
  (/[a-z]/.test(text[index - 1]!) && /[A-Z]/.test(text[index]!));

/** Null: does not match. An empty query matches everything alike. Words may come in any order. */
export function fuzzyMatch(query: string, text: string): FuzzyMatch | null {
  const words = query.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return { score: 0, at: [] };
  let score = 0;
  const at = new Set<number>();
  for (const word of words) {
    const match = matchWord(word, text);
    if (!match) return null;
    score += match.score;
    for (const index of match.at) at.add(index);
  }
  return { score: score - text.length * 0.01, at: [...at].sort((a, b) => a - b) };
}

function matchWord(word: string, text: string): FuzzyMatch | null {
  const lower = text.toLocaleLowerCase();
  // Whole pieces first: a person who types "stop" means the word.
  let best: FuzzyMatch | null = null;
  for (let from = lower.indexOf(word); from !== -1; from = lower.indexOf(word, from + 1)) {
    const score = word.length * 4 + (isBoundary(text, from) ? 12 : 0) + (from === 0 ? 6 : 0);
    if (!best || score > best.score)
      best = { score, at: Array.from({ length: word.length }, (_, offset) => from + offset) };
  }
  return best ?? matchLetters(word, text, lower);
}

function matchLetters(word: string, text: string, lower: string): FuzzyMatch | null {
  const at: number[] = [];
  let score = 0;
  let from = 0;
  for (const letter of word) {
    let index = -1;
    for (
      let candidate = lower.indexOf(letter, from);
      candidate !== -1;
      candidate = lower.indexOf(letter, candidate + 1)
    ) {
      if (index === -1) index = candidate;
      if (isBoundary(text, candidate)) {
        // A word's beginning is worth a jump, if the rest still fits behind it.
        index = candidate;
        break;
      }
      if (candidate === from && at.length > 0) break;
    }
    if (index === -1) return at.length === 0 ? null : matchInOrder(word, lower);
    score += isBoundary(text, index) ? 4 : index === from ? 2 : 0.5;
    at.push(index);
    from = index + 1;
  }
  return { score, at };
}

/** The plain way, when jumping to the beginnings of words ran out of text. */
function matchInOrder(word: string, lower: string): FuzzyMatch | null {
  const at: number[] = [];
  let from = 0;
  for (const letter of word) {
    const index = lower.indexOf(letter, from);
    if (index === -1) return null;
    at.push(index);
    from = index + 1;
  }
  return { score: 0.1 * word.length, at };
}

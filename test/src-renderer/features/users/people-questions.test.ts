/** What removing somebody's account says before and after. */
import { describe, expect, it } from 'vitest';
import { passedOn, removeQuestion } from '#renderer/features/users/people-questions.ts';
import { person } from '../../user-scenes.ts';

describe('removing an account', () => {
  it('names the person, wants the name typed, and says what passes over', () => {
    const question = removeQuestion(person(2, 'Grace'));
    expect(question).toMatchObject({ title: 'Remove the account of Grace?', typeToConfirm: 'Grace' });
    expect(question.keeps?.join()).toMatch(/3\u00a0workspaces.*become yours.*12\u00a0snapshots/);
  });

  it('says what has passed over', () => {
    expect(passedOn({ projects: 1, workspaces: 3, snapshots: 12 })).toBe(
      '1\u00a0project, 3\u00a0workspaces, and 12\u00a0snapshots are yours now.',
    );
    expect(passedOn({ projects: 0, workspaces: 1, snapshots: 0 })).toBe('1\u00a0workspace is yours now.');
    expect(passedOn({ projects: 0, workspaces: 0, snapshots: 0 })).toBe('There was nothing to pass to you.');
  });
});

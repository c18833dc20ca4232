import { expect, it } from 'vitest';
import { compareReports, countVerdicts, readLog } from './esctest.ts';
import { sortDifferences } from './explained.ts';
import { differences } from './vttest.ts';

const log = `Reading X window info
Run test: ATests.test_one
Passed.

*** 1 test passed, 0 known bugs, 0 tests failed ***
Run test: ATests.test_two
*** TEST ATests.test_two FAILED:
Traceback (most recent call last):
  File "x.py", line 1, in read
esctypes.InternalError: Timeout waiting to read.


*** 0 tests passed, 0 known bugs, 1 TEST FAILED ***
Failing tests:
ATests.test_two
Reading X window info
Run test: ATests.test_three
Fails as expected: a reason
Run test: ATests.test_four
Skipped because terminal lacks requisite capability: level
`;

it('reads what came of each test, and why it failed', () => {
  const report = readLog(log);
  expect(countVerdicts(report)).toEqual({ passed: 1, failed: 1, 'known bug': 1, skipped: 1 });
  expect(report.get('ATests.test_two')?.reason).toBe('esctypes.InternalError: Timeout waiting to read.');
});

it('finds the tests that differ, also those that one side never ran', () => {
  const bare = readLog(log);
  const berth = new Map(bare);
  berth.delete('ATests.test_one');
  berth.set('ATests.test_two', { verdict: 'passed', reason: '' });
  expect(compareReports(berth, bare).map(({ name }) => name)).toEqual(['ATests.test_one', 'ATests.test_two']);
});

it('takes a reason for a whole name only, and says which reason nothing needs', () => {
  const explanations = [
    { where: /a/, why: 'because' },
    { where: /c/, why: 'no' },
  ];
  const sorted = sortDifferences(['a', 'ab'], (name) => name, explanations);
  expect(sorted.explained).toEqual([{ item: 'a', why: 'because' }]);
  expect(sorted.unexplained).toEqual(['ab']);
  expect(sorted.idle).toEqual([explanations[1]]);
});

it('sees a character, a look and a cursor that differ', () => {
  const bare = { text: ['ab', ''], looks: ['', ''], cursor: '0,0 normal' };
  expect(differences({ berth: bare, bare })).toEqual([]);
  const berth = { text: ['aB', ''], looks: ['0-1 bold', ''], cursor: '1,0 normal' };
  expect(differences({ berth, bare })).toHaveLength(3);
});

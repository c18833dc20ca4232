/**
 * The differences from bare xterm.js that Berth wants, each with its reason. Data: what is not in it fails the run, and so
 * does a reason that no difference needs any more.
 */
export interface Explanation {
  /** Of vttest the name of a screen, of esctest the name of a test, each whole. */
  readonly where: RegExp;
  readonly why: string;
}

const windowReports =
  'The size of the window in pixels is answered to nobody: it tells of the screen of the person, and only the size in characters is a thing that programs need.';

export const explainedScreens: readonly Explanation[] = [
  { where: /11\.8\.9, screen [345]/, why: windowReports },
];

export const explainedTests: readonly Explanation[] = [];

const tmuxAttributes =
  'tmux on the host answers what kind of terminal it is (DA2): it is tmux, and says so. The screen here must not answer a second time.';
const tmuxSize =
  'tmux 3.3a answers CSI 18 t with columns before rows, so that the test believes in a screen of 80 rows and 25 columns.';
const tmuxColours =
  'tmux answers for a colour that the program itself has changed, in 3.3a without its number, before the screen here can.';
const tmuxCursor =
  'tmux answers where the cursor is (DSR 6) from its own screen, which has no left and right margins, no LNM, no HPR and VPR, and saves the cursor once for both screens. What is drawn here is xterm.js all the same.';

const names = (text: string) =>
  new RegExp(
    `^(?:${text
      .trim()
      .split(/\s+/)
      .map((name) => name.replaceAll('.', '\\.').replaceAll('*', '\\w*'))
      .join('|')})$`,
  );

/** Only of terminals under tmux, and of the tmux at hand: another version may need fewer of them. */
export const explainedScreensUnderTmux: readonly Explanation[] = [
  { where: /6\.5, screen 1/, why: tmuxAttributes },
  { where: /11\.8\.7\.[345], screen 3/, why: tmuxCursor },
];
export const explainedTestsUnderTmux: readonly Explanation[] = [
  {
    where: names('ChangeColorTests.test_ChangeColor_* ResetColorTests.test_ResetColor_*'),
    why: tmuxColours,
  },
  {
    where: names(`
      CHATests.test_CHA_OutOfBoundsLarge CNLTests.test_CNL_StopsAtBottomLine CUDTests.test_CUD_StopsAtBottomLine*
      CUFTests.test_CUF_StopsAtRight* CUPTests.test_CUP_OutOfBoundsParams DECALNTests.test_DECALN_FillsScreen
      DECSETTests.test_DECSET_DECAWM* DECSTBMTests.test_DECSTBM_* DECSTRTests.test_DECSTR_DECAWM
      DECSTRTests.test_DECSTR_STBM DLTests.test_DL_* FFTests.test_FF_* HPATests.test_HPA_StopsAtRightEdge
      HVPTests.test_HVP_OutOfBoundsParams ILTests.test_IL_ScrollsOffBottom INDTests.test_IND_* LFTests.test_LF_*
      NELTests.test_NEL_* REPTests.test_REP_RespectsTopBottomMargins RITests.test_RI_Scrolls
      SMTests.test_SM_IRM_DoesNotWrapUnlessCursorAtMargin VPATests.test_VPA_StopsAtBottomEdge VTTests.test_VT_*
      BSTests.test_BS_CursorStartsInDoWrapPosition HPRTests.test_HPR_StopsAtRightEdge
      VPRTests.test_VPR_StopsAtBottomEdge
    `),
    why: tmuxSize,
  },
  {
    where: names(`
      CHTTests.test_CHT_* DECALNTests.test_DECALN_ClearsMargins DECDSRTests.test_DECDSR_DECXCPR
      DECRCTests.test_SaveRestoreCursor_* DECSETTests.test_DECSET_ReverseWraparound_Multi
      DECSETTests.test_DECSET_SaveRestoreCursor DECSETTiteInhibitTests.test_SaveRestoreCursor_*
      DECSTRTests.test_DECSTR_DECSC HPRTests.test_HPR_D* SCORCTests.test_SaveRestoreCursor_* SMTests.test_SM_LNM
      VPRTests.test_VPR_D*
    `),
    why: tmuxCursor,
  },
];

export interface Sorted<T> {
  readonly explained: readonly { readonly item: T; readonly why: string }[];
  readonly unexplained: readonly T[];
  /** Explanations that nothing needed. */
  readonly idle: readonly Explanation[];
}

export function sortDifferences<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  explanations: readonly Explanation[],
): Sorted<T> {
  const explained: { item: T; why: string }[] = [];
  const unexplained: T[] = [];
  const idle = new Set(explanations);
  for (const item of items) {
    const found = explanations.find(({ where }) => where.exec(nameOf(item))?.[0] === nameOf(item));
    if (found === undefined) unexplained.push(item);
    else {
      explained.push({ item, why: found.why });
      idle.delete(found);
    }
  }
  return { explained, unexplained, idle: [...idle] };
}

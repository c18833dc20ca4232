/**
 * What a person adds to a shell's own file so that it tells of its folder (OSC 7) and its commands (OSC 133). bash gets
 * its lines from Berth; other shells read no lines from the environment.
 */

export const zshLines = [
  'berth_precmd() {',
  String.raw`  printf '\e]133;D;%s\a\e]7;file://%s%s\a\e]133;A\a' $? "$HOST" "$` + String.raw`{PWD//\%/%25}"`,
  '}',
  String.raw`berth_preexec() { printf '\e]133;C\a' }`,
  'precmd_functions=(berth_precmd $precmd_functions)',
  'preexec_functions+=(berth_preexec)',
  String.raw`PS1+=$'%{\e]133;B\a%}'`,
].join('\n');

export const fishLines = [
  'function berth_prompt --on-event fish_prompt',
  String.raw`    printf '\e]133;A\a\e]7;file://%s%s\a' (hostname) (string escape --style=url -- $PWD)`,
  'end',
  'function berth_before --on-event fish_preexec',
  String.raw`    set -l line (string replace -a '\\' '\\\\' -- $argv | string replace -a ';' '\x3b' | string join ' ')`,
  String.raw`    printf '\e]633;E;%s\a\e]133;C\a' $line`,
  'end',
  'function berth_after --on-event fish_postexec',
  String.raw`    printf '\e]133;D;%s\a' $status`,
  'end',
].join('\n');

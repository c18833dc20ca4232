/** The speaker in the bar of a screen: turns its sound on and off, says what is true of it, and sets how loud it is. */
import { Volume, Volume1, Volume2, VolumeOff, VolumeX } from 'lucide-react';
import { useStore } from 'zustand';
import { IconButton } from '../../components/button.tsx';
import { canPlaySound } from './sound-player.ts';
import type { SoundSession } from './sound-session.ts';
import { soundWords } from './screen-words.ts';

export function SoundControl({ session }: { readonly session: SoundSession }) {
  const sound = useStore(session.store);
  const { phase } = sound.state;
  if (!canPlaySound())
    return (
      <IconButton
        label="Sound: browsers play it only on pages that come over HTTPS or from this computer"
        icon={VolumeOff}
        disabled
      />
    );
  const isOn = phase !== 'off' && phase !== 'failed';
  const iconOf = () => {
    if (phase === 'off') return VolumeOff;
    if (phase === 'failed') return VolumeX;
    if (!sound.isHeard) return Volume;
    return sound.volume < 0.5 ? Volume1 : Volume2;
  };
  return (
    <>
      {isOn && (
        <input
          type="range"
          aria-label="Volume"
          aria-valuetext={`${Math.round(sound.volume * 100)} %`}
          min={0}
          max={100}
          value={Math.round(sound.volume * 100)}
          onChange={(event) => session.setVolume(Number(event.target.value) / 100)}
          className="w-20 accent-accent max-sm:hidden"
        />
      )}
      <IconButton
        label={soundWords(sound)}
        icon={iconOf()}
        isPressed={isOn}
        className={phase === 'failed' ? 'text-failed' : sound.hasGaps ? 'text-attention' : ''}
        onClick={() => {
          if (isOn) session.turnOff();
          else void session.turnOn();
        }}
      />
    </>
  );
}

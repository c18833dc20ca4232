/** How the person's distribution installs, restarts and configures: only to show commands, never to run them. Pure. */
import type { ScriptReport } from './script-report.ts';

type Family = 'debian' | 'fedora' | 'suse' | 'arch' | 'alpine' | 'other';

export interface Distribution {
  readonly family: Family;
  /** Without a tool's prefix when the person is root already. */
  asRoot(command: string): string;
  /** Null where we do not know how this system installs. */
  install(...packages: readonly string[]): string | null;
  upgrade(...packages: readonly string[]): string | null;
  restart(service: string): string;
}

const families: readonly { readonly family: Family; readonly ids: readonly string[] }[] = [
  { family: 'debian', ids: ['debian', 'ubuntu', 'raspbian', 'linuxmint', 'pop'] },
  { family: 'fedora', ids: ['fedora', 'rhel', 'centos', 'rocky', 'almalinux', 'ol', 'amzn'] },
  { family: 'suse', ids: ['suse', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed', 'sles'] },
  { family: 'arch', ids: ['arch', 'manjaro', 'endeavouros'] },
  { family: 'alpine', ids: ['alpine'] },
];

const installers: Readonly<Record<Exclude<Family, 'other'>, { install: string; upgrade: string }>> = {
  debian: { install: 'apt-get install -y', upgrade: 'apt-get install -y --only-upgrade' },
  fedora: { install: 'dnf install -y', upgrade: 'dnf upgrade -y' },
  suse: { install: 'zypper install -y', upgrade: 'zypper update -y' },
  arch: { install: 'pacman -S --noconfirm', upgrade: 'pacman -Syu --noconfirm' },
  alpine: { install: 'apk add', upgrade: 'apk add --upgrade' },
};

export function distributionOf(report: ScriptReport): Distribution {
  const ids = [report.text('os.id'), ...(report.text('os.like') ?? '').split(' ')];
  const family = families.find((one) => one.ids.some((id) => ids.includes(id)))?.family ?? 'other';
  const asRoot = (command: string) => (report.text('user') === 'root' ? command : `sudo ${command}`);
  const packaged = (verb: 'install' | 'upgrade', packages: readonly string[]) => {
    if (family === 'other') return null;
    const refresh = family === 'debian' ? `${asRoot('apt-get update')} && ` : '';
    return `${refresh}${asRoot(`${installers[family][verb]} ${packages.join(' ')}`)}`;
  };
  return {
    family,
    asRoot,
    install: (...packages) => packaged('install', packages),
    upgrade: (...packages) => packaged('upgrade', packages),
    restart: (service) =>
      asRoot(report.isYes('has_systemd') ? `systemctl restart ${service}` : `service ${service} restart`),
  };
}

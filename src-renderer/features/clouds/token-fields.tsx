/** Where a token is made, what it must be allowed, and the field that it is pasted into. */
import { ExternalLink } from 'lucide-react';
import type { CloudProviderInfo } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { PasswordField } from '../../components/text-field.tsx';
import { useApp } from '../../state/app-context.tsx';
import { openLink } from '../../state/open-link.ts';

export interface TokenFieldsProps {
  readonly provider: CloudProviderInfo;
  readonly token: string;
  readonly error: string | null;
  readonly onToken: (token: string) => void;
}

export function TokenFields({ provider, token, error, onToken }: TokenFieldsProps) {
  const app = useApp();
  return (
    <>
      <div className="flex flex-col gap-2">
        <p>
          Make a token at {provider.name} with these permissions, and paste it below. Without some of them
          Berth sees less, and says what.
        </p>
        <CodeBlock text={provider.permissions.join('\n')} label="Permissions" maxHeightPx={97} />
        <Button
          variant="secondary"
          icon={ExternalLink}
          onClick={() => openLink(app, provider.tokenUrl)}
          className="self-start"
        >
          Make a token at {provider.name}
        </Button>
      </div>
      <PasswordField
        label="Token"
        help={`${provider.tokenHelp} It goes into the keychain and is never shown again.`}
        value={token}
        error={error}
        onChange={onToken}
      />
    </>
  );
}

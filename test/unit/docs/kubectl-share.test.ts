/** Every command that the guide of kubectl share shows is run, in the order of the page, beside a running operator: what it prints is what the page says. To write them anew, run this file with -u behind its name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createGuideWorld } from './guide-world.ts';

const page = join(import.meta.dirname, '../../../docs/guide/kubectl-share.md');

test('the guide shows what the commands print', async () => {
  const world = await createGuideWorld();
  try {
    const parts = readFileSync(page, 'utf8').split(/(^```console\n[\s\S]*?^```)/m);
    const rendered: string[] = [];
    for (const part of parts) rendered.push(part.startsWith('```console\n') ? await played(part, world.shell) : part);
    await expect(rendered.join('')).toMatchFileSnapshot(page);
  } finally {
    world.stop();
  }
});

/** The block with the output of each of its commands. A question is answered as the page answers it. */
async function played(block: string, shell: (line: string, answer?: string) => Promise<string>): Promise<string> {
  const commands = block.split(/^\$ /m).slice(1);
  const outputs: string[] = [];
  for (const text of commands) {
    const [line = ''] = text.split('\n');
    const answer = /\[y\/N\] (\w+)$/m.exec(text)?.[1];
    const output = await shell(line, answer);
    outputs.push(`$ ${line}\n${answer === undefined ? output : output.replace('[y/N] ', `[y/N] ${answer}\n`)}`);
  }
  return `\`\`\`console\n${outputs.join('\n')}\`\`\``;
}

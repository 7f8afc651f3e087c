/**
 * The part of docs/contract.md that is made of code: what is covered, and the known differences with their reasons. `make generate` writes it;
 * page.test.ts fails while it is stale. The page's other parts are written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractCase } from './case.ts';
import { contractCases } from './cases/index.ts';
import { differences, reasons, type Difference } from './differences.ts';

/** The page's file. */
export const pageFile = join(import.meta.dirname, '../../docs/contract.md');

const start = '<!-- Made by "make generate" from test/contract: what is written between these two lines is lost. -->';
const end = '<!-- The end of what is made. -->';

/** The page with its made part written anew. @throws when the page doesn't have the two lines between which that part stands */
export function renewed(page: string): string {
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/contract.md needs the lines\n${start}\n${end}\nfor the part that is made of code.`);
  return `${page.slice(0, from + start.length)}\n\n${made()}\n\n${page.slice(to)}`;
}

function made(): string {
  const differing = Object.keys(reasons).map((why) => section(why as Difference['why']));
  return [covered(), '### Known differences', ...differing].join('\n\n');
}

function covered(): string {
  const services = [...new Set(contractCases.map(({ service }) => service))];
  const rows = services.map((service) => {
    const cases = contractCases.filter((one) => one.service === service);
    const differ = cases.filter(({ sentence }) => differences.some((one) => one.sentence === sentence));
    return `| ${service} | ${cases.length} | ${cases.length - differ.length} | ${differ.length} |`;
  });
  const title = '| service | cases | answered by all as by AWS | with a known difference |';
  return [title, '| --- | ---: | ---: | ---: |', ...rows].join('\n');
}

function section(why: Difference['why']): string {
  const rows = differences.filter((one) => one.why === why).map((one) => row(one, caseOf(one.sentence)));
  return [reasons[why], '', '| case | AWS answers | who differs | and answers |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function row({ sentence, who, answers }: Difference, { aws, guide }: ContractCase): string {
  const link = `https://docs.aws.amazon.com/${guide}.html`;
  return `| ${sentence} ([guide](${link})) | \`${JSON.stringify(aws)}\` | ${who} | \`${JSON.stringify(answers)}\` |`;
}

function caseOf(sentence: string): ContractCase {
  const found = contractCases.find((one) => one.sentence === sentence);
  if (!found) throw new Error(`differences.ts has a case that doesn't exist: ${sentence}`);
  return found;
}

if (import.meta.main) writeFileSync(pageFile, renewed(readFileSync(pageFile, 'utf8')));

/**
 * `make demo`: a share from request to revoke, told with the commands that a person would type. Each command is really run and checked;
 * the demo fails when one shows anything else than it should. It may be given again at any time, also after it was cut off.
 * How a command is shown and checked is in demo-stage.ts.
 */
import { join } from 'node:path';
import { accounts } from '../world.ts';
import { createStage, wantsColours } from './demo-stage.ts';
import type { Act, Stage } from './demo-stage.ts';
import { sandboxFolder } from './folder.ts';
import type { SandboxEnvironment, SandboxFolder } from './folder.ts';
import { up } from './lifecycle.ts';

const root = join(import.meta.dirname, '../..');

const object = 's3://acme-orders/raw/2026/orders.csv';
const role = (name: string): string => `arn:aws:iam::${accounts.analytics}:role/${name}`;
const reads = (name: string): Act => ({ command: `sandbox as ${role(name)} read ${object}`, shows: /1001,EU,120\.50/ });
const isDenied = (name: string): Act => ({ ...reads(name), shows: /ACCESS DENIED/, hides: /1001,EU/, fails: true });
const folderUri = `uri=$(kubectl get shareitems -n team-analytics -o jsonpath='{.items[?(@.spec.type=="Folder")].status.connection.s3Uri}')`;
const readsFolder = (path: string): string => `${folderUri}\nsandbox as ${role('data-science')} read "${path}"`;
const policy = (...shows: RegExp[]): Act => ({
  command: `sandbox admin ${accounts.sales} show-bucket-policy acme-orders`,
  shows,
});
const request = 'sharerequest/orders-for-analysts -n team-analytics';

/** Starts the sandbox and plays the demo. @throws with the command whose result isn't what it has to be. */
export async function demo(folder: SandboxFolder = sandboxFolder()): Promise<void> {
  const print = (text: string): void => void process.stdout.write(text);
  print('This starts a Kubernetes control plane, an AWS stand-in and the operator on this machine. No AWS account is used.\n');
  const environment = await up({ operator: true, log: (line) => print(`${line}\n`) }, folder);
  const stage = createStage({ env: shell(folder, environment), cwd: root, print, colours: wantsColours() });
  try {
    await clearAway(stage);
    for (const scene of [platform, datasetAndRequest, review, consent, repair, folderShare, withdrawal]) await scene(stage);
  } catch (error) {
    print(`\nEverything still runs, so that you can look at it: . ${folder.env}; logs: ${folder.logs}; make down ends it.\n`);
    throw error;
  }
  farewell(stage, folder);
}

/** What a shell has that has read the file `env`, and nothing of real AWS accounts. */
function shell(folder: SandboxFolder, environment: SandboxEnvironment): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS_|SLUICE_|KUBECONFIG$)/.test(name));
  const PATH = [folder.bin, process.env['PATH']].join(':');
  return { ...Object.fromEntries(kept), ...environment, SLUICE_DIR: folder.dir, PATH };
}

/** What an earlier demo left behind, wherever it stopped. */
async function clearAway({ act, heading, say }: Stage): Promise<void> {
  heading('A clean start');
  say('An earlier demo may have left its requests and approvals. Deleting a request takes the access back first.');
  await act({
    command:
      'kubectl delete --ignore-not-found --timeout=120s -f examples/owner/approval.yaml -f examples/owner/folder-approval.yaml\n' +
      'kubectl delete --ignore-not-found --timeout=120s -f examples/requester/request.yaml -f examples/requester/folder.yaml',
    hides: /error/i,
  });
}

async function platform({ act, heading, say }: Stage): Promise<void> {
  heading('The platform team admits two AWS accounts');
  say(
    `Account ${accounts.sales} holds data, account ${accounts.analytics} uses it. An Environment says how the operator gets into an\n` +
      'account, and which namespace may speak for which buckets and roles there.',
  );
  await act({ command: 'kubectl apply -f examples/platform/namespaces.yaml -f examples/platform/environments.yaml' });
  await act({ command: 'kubectl wait --for=condition=Ready environment/sales environment/analytics --timeout=60s' });
  await act({ command: 'kubectl get environments', shows: [/^sales .*True/m, /^analytics .*True/m] });
}

async function datasetAndRequest({ act, heading, say }: Stage): Promise<void> {
  heading('Team sales offers a bucket, team analytics asks for it');
  await act({ command: 'kubectl apply -f examples/owner/dataset.yaml' });
  await act({ command: 'kubectl apply -f examples/requester/consumption-role.yaml -f examples/requester/request.yaml' });
  await act({
    command: `kubectl wait --for=jsonpath='{.status.phase}'=Submitted ${request} --timeout=60s`,
  });
  await act({ command: 'kubectl get sharerequests -n team-analytics', shows: /Submitted +False +0\/1/ });
  say('\nNobody has consented, so nothing is written in AWS and the role can read nothing:');
  await act(isDenied('analysts'));
}

async function review({ act, heading, say }: Stage): Promise<void> {
  heading('What the owner sees');
  say('In its own namespace team sales finds who asks for what, and what its consent would change in AWS:');
  await act({
    command: "kubectl wait --for=jsonpath='{.status.phase}'=Submitted receivedshares --all -n team-sales --timeout=60s",
  });
  await act({ command: 'kubectl get receivedshares -n team-sales', shows: /444455556666:analysts +0\/1 +Submitted/ });
  await act({
    command: `kubectl get receivedshares -n team-sales -o jsonpath='{range .items[*].status.plan[*]}{@}{"\\n"}{end}'`,
    shows: [/bucket policy of acme-orders: allow .*role\/analysts/, /share policy of .*role\/analysts/],
  });
}

async function consent({ act, heading, say }: Stage): Promise<void> {
  heading('Team sales consents');
  say('The approval lies in the namespace of the Dataset and names the role, the bucket and the permission:');
  await act({ command: "sed -n '/^spec:/,$p' examples/owner/approval.yaml", shows: /decision: Approved/ });
  await act({ command: 'kubectl apply -f examples/owner/approval.yaml' });
  await act({ command: `kubectl wait --for=condition=Ready ${request} --timeout=60s`, shows: /condition met/ });
  await act({ command: 'kubectl get shareitems -n team-analytics', shows: /ShareSucceeded +Healthy +True/ });
  say('\nThe role reads the object, and a role that nobody consented to does not:');
  await act(reads('analysts'));
  await act(isDenied('interns'));
  say('\nThis is what the operator wrote into the bucket policy (Sid Sluice…):');
  await act(policy(/"Sid": "Sluice/, /role\/analysts/));
}

// Each time another document: the operator waits a while when it sees one that it has just replaced, since AWS may show old copies.
const byHand = `sandbox admin ${accounts.sales} put-bucket-policy acme-orders '{
  "Version": "2012-10-17", "Id": "by hand at '$(date +%T)'",
  "Statement": [{"Sid": "NobodyDeletes", "Effect": "Deny", "Principal": "*",
                 "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::acme-orders/*"}]}'`;

async function repair({ act, heading, say }: Stage): Promise<void> {
  heading('An administrator breaks it by hand, and it is repaired');
  say('Somebody replaces the bucket policy by another one and does not think of the share:');
  await act({ command: byHand, shows: /was replaced/ });
  await act(isDenied('analysts'));
  say('\nEvery share is compared with AWS once an hour. To have it done at once:');
  await act({
    command:
      'now=$(date -u +%FT%TZ)\n' +
      `kubectl annotate --overwrite ${request} sluice.dev/verify-requested-at=$now\n` +
      `kubectl wait --for=jsonpath='{.status.lastHandledVerifyAt}'=$now ${request} --timeout=90s\n` +
      "kubectl wait --for=jsonpath='{.status.history[0].result}'=Repaired shareitems --all -n team-analytics --timeout=90s",
  });
  await act(reads('analysts'));
  say('\nThe share is back, the statement of the administrator is kept, and the history says what happened (newest first):');
  await act(policy(/"Sid": "NobodyDeletes"/, /"Sid": "Sluice/));
  const line = '{.time}{"  "}{.result}{"  "}{.action}{"  "}{.target}{"\\n"}';
  await act({
    command: `kubectl get shareitems -n team-analytics -o jsonpath='{range .items[*].status.history[*]}${line}{end}'`,
    shows: [/Repaired {2}s3:PutBucketPolicy/, /Succeeded {2}iam:CreatePolicy/],
  });
}

async function folderShare({ act, heading, say }: Stage): Promise<void> {
  heading('One folder instead of the whole bucket');
  say('Another role gets the folder raw/2026 and nothing else. It reads through an S3 access point of its own:');
  await act({ command: 'kubectl apply -f examples/requester/folder.yaml -f examples/owner/folder-approval.yaml' });
  await act({
    command: 'kubectl wait --for=condition=Ready sharerequest/orders-for-data-science -n team-analytics --timeout=60s',
    shows: /condition met/,
  });
  await act({ command: `${folderUri}\necho "$uri"`, shows: /^s3:\/\/sluice-\S+-s3alias\/raw\/2026\/$/m });
  await act({ command: readsFolder('${uri}orders.csv'), shows: /1001,EU,120\.50/ });
  say('\nNeither the folder beside it, through the access point, nor anything through the bucket:');
  await act({ command: readsFolder('${uri%2026/}2025/orders.csv'), shows: /ACCESS DENIED/, hides: /901,EU/, fails: true });
  await act(isDenied('data-science'));
}

async function withdrawal({ act, heading, say }: Stage): Promise<void> {
  heading('Team sales withdraws its consent');
  await act({
    command: 'kubectl delete -f examples/owner/approval.yaml -f examples/owner/folder-approval.yaml',
    shows: /deleted[\s\S]*deleted/,
  });
  await act({
    command: "kubectl wait --for=jsonpath='{.status.phase}'=RevokeSucceeded shareitems --all -n team-analytics --timeout=90s",
    shows: /condition met/,
  });
  await act(isDenied('analysts'));
  await act({
    command: `sandbox admin ${accounts.sales} list-access-points acme-orders`,
    shows: /has no access points/,
  });
  say('\nNothing of Sluice is left in the bucket policy; what the administrator wrote is not touched:');
  await act({ ...policy(/"Sid": "NobodyDeletes"/), hides: /Sluice|analysts/ });
  await act({ command: 'kubectl get sluice -n team-analytics', shows: /RevokeSucceeded/ });
}

function farewell({ say }: Stage, folder: SandboxFolder): void {
  say(
    `
Done: every command above showed what it had to show.

To look around, in your shell (this puts the programs kubectl and sandbox on its PATH):
  . ${folder.env}
  kubectl get sluice -A
  kubectl describe shareitems -n team-analytics
  kubectl apply -f examples/owner/approval.yaml
  kubectl explain dataset.spec.sharing
  sandbox as ${role('analysts')} list s3://acme-orders

The AWS stand-in is not AWS: it enforces the rules that Sluice depends on, and its content is gone when it ends.
To stop everything:  make down`.trimEnd(),
  );
}

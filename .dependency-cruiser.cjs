// The direction of dependencies (docs/architecture.md). Pure code imports no I/O; src never imports sandbox or test.
const pure = '^src/(api|shares|policy)/';
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
module.exports = {
  forbidden: [
    rule(
      'no-circular',
      'A cycle means two files hold one idea.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'src-is-the-product',
      'What ships never needs the sandbox or the tests.',
      { path: '^src/' },
      { path: '^(sandbox|test|scripts)/' },
    ),
    rule(
      'pure-stays-pure',
      'Decisions take values and return values.',
      { path: pure },
      { path: '^src/(kube|aws|targets|controllers|main|config)' },
    ),
    rule(
      'pure-no-io',
      'Decisions do no I/O.',
      { path: pure },
      { path: '^(node:)?(fs|net|http|https|child_process|os)$|node_modules/(@aws-sdk|@kubernetes|undici|pino|prom-client)' },
    ),
    rule(
      'kube-knows-no-kind',
      'The Kubernetes runtime knows no kind of ours.',
      { path: '^src/kube/' },
      { path: '^src/(api|shares|policy|aws|targets|controllers)/' },
    ),
    rule(
      'policy-knows-no-share',
      'IAM documents know nothing of shares.',
      { path: '^src/policy/' },
      { path: '^src/(shares|api)/' },
    ),
    rule(
      'targets-below-controllers',
      'Targets are called by controllers, never the reverse.',
      { path: '^src/(targets|aws)/' },
      { path: '^src/controllers/' },
    ),
    rule(
      'operator-without-cli',
      'kubectl share is a program of its own: the operator does not know it.',
      { path: '^src/', pathNot: '^src/cli/' },
      { path: '^src/cli/' },
    ),
    rule(
      'cli-asks-no-aws',
      'kubectl share talks to the cluster only. Of the operator it takes what is pure: kinds, names of annotations, and the ledger for plans.',
      { path: '^src/cli/' },
      { path: '^src/(aws/|main|config|controllers/(?!(cluster|operator|ledger)\\.ts$))' },
    ),
    rule(
      'notify-knows-no-cluster',
      'What is told is found in values; who records it is the controllers.',
      { path: '^src/notify/' },
      { path: '^src/(aws|targets|controllers)/|^src/kube/(?!logging)' },
    ),
    rule(
      'news-is-pure',
      'What is told to whom is decided without I/O.',
      { path: '^src/notify/(kinds|news|reminders|told|notice|text|cloud-event)' },
      { path: '^src/(kube|notify/(outbox|smtp|webhook|notifier))|node_modules/(nodemailer|undici)' },
    ),
    rule(
      'aws-knows-no-kubernetes',
      'AWS sessions and targets know no cluster.',
      { path: '^src/(aws|targets)/' },
      { path: '^src/kube/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};

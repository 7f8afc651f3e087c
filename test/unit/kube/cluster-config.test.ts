import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadClusterConfig, plainClusterConfig } from '../../../src/kube/cluster-config.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-kubeconfig-'));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

const pem = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one cluster and one user, whose fields are given as YAML flow mappings. */
function kubeconfig(name: string, cluster: string, user: string): string {
  return write(
    name,
    `apiVersion: v1
kind: Config
current-context: main
clusters: [{ name: c, cluster: ${cluster} }]
users: [{ name: u, user: ${user} }]
contexts: [{ name: main, context: { cluster: c, user: u, namespace: team } }, { name: other, context: { cluster: c, user: u } }]
`,
  );
}

describe('loading a kubeconfig', () => {
  it('finds server, namespace, certificates and token', async () => {
    const cluster = `{ server: 'https://c.example:6443/', certificate-authority-data: ${pem('CA')}, tls-server-name: inner }`;
    const file = kubeconfig(
      'full',
      cluster,
      `{ token: t0k3n, client-certificate-data: ${pem('CERT')}, client-key-data: ${pem('KEY')} }`,
    );
    const config = loadClusterConfig({ kubeconfig: file });
    expect(config).toMatchObject({ server: 'https://c.example:6443', namespace: 'team' });
    expect(await config.credentials()).toEqual({
      headers: { authorization: 'Bearer t0k3n' },
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'inner', insecure: false },
    });
  });

  it('reads certificate files and token files anew each time, relative to the kubeconfig', async () => {
    write('ca.pem', 'CA-1');
    const token = write('token', 'one\n');
    const cluster = `{ server: 'https://c.example', certificate-authority: ca.pem }`;
    const user = `{ auth-provider: { name: tokenFile, config: { tokenFile: '${token}' } } }`;
    const config = loadClusterConfig({ kubeconfig: kubeconfig('files', cluster, user) });
    expect(await config.credentials()).toMatchObject({ headers: { authorization: 'Bearer one' }, tls: { ca: 'CA-1' } });
    write('ca.pem', 'CA-2');
    write('token', 'two\n');
    expect(await config.credentials()).toMatchObject({ headers: { authorization: 'Bearer two' }, tls: { ca: 'CA-2' } });
  });

  it('takes the token of a file rather than the one beside it, and data rather than a file', async () => {
    const user = `{ token: old, tokenFile: token, client-certificate: ca.pem, client-certificate-data: ${pem('CERT')} }`;
    write('token', 'new\n');
    const config = loadClusterConfig({ kubeconfig: kubeconfig('both', `{ server: 'https://c.example' }`, user) });
    expect(await config.credentials()).toMatchObject({ headers: { authorization: 'Bearer new' }, tls: { cert: 'CERT' } });
  });

  it('understands basic authentication, impersonation and skipped verification', async () => {
    const cluster = `{ server: 'https://c.example', insecure-skip-tls-verify: true }`;
    const config = loadClusterConfig({ kubeconfig: kubeconfig('basic', cluster, `{ username: u, password: p, as: alice }`) });
    const { headers, tls } = await config.credentials();
    expect(headers).toEqual({ authorization: `Basic ${pem('u:p')}`, 'impersonate-user': 'alice' });
    expect(tls).toEqual({ insecure: true });
  });

  it('takes another context, and names the known ones if there is none of that name', () => {
    const file = kubeconfig('contexts', `{ server: 'https://c.example' }`, '{}');
    expect(loadClusterConfig({ kubeconfig: file, context: 'other' })).not.toHaveProperty('namespace');
    expect(() => loadClusterConfig({ kubeconfig: file, context: 'nowhere' })).toThrow(
      'no usable context "nowhere"; its contexts are: main, other',
    );
  });

  it('knows HTTP proxies and refuses SOCKS with a reason', () => {
    const http = kubeconfig('proxy', `{ server: 'https://c.example', proxy-url: 'http://proxy:3128' }`, '{}');
    expect(loadClusterConfig({ kubeconfig: http }).proxyUrl).toBe('http://proxy:3128');
    const socks = kubeconfig('socks', `{ server: 'https://c.example', proxy-url: 'socks5://proxy:1080' }`, '{}');
    expect(() => loadClusterConfig({ kubeconfig: socks })).toThrow('SOCKS proxy, which is not supported');
  });

  it('sends no certificates to a server without TLS', async () => {
    const config = loadClusterConfig({ kubeconfig: kubeconfig('http', `{ server: 'http://127.0.0.1:8001' }`, '{}') });
    expect(await config.credentials()).toEqual({ headers: {}, tls: { insecure: false } });
  });
});

describe('credentials that somebody has to be asked for', () => {
  const exec = (program: string): string =>
    `{ exec: { apiVersion: client.authentication.k8s.io/v1, command: '${process.execPath}', args: ['-e', '${program}'], interactiveMode: Never } }`;
  const credential = (status: string): string =>
    `console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: ${status} }))`;
  const cluster = `{ server: 'https://c.example', certificate-authority-data: ${pem('CA')} }`;

  it('come from the program that the kubeconfig names', async () => {
    const user = exec(credential('{ token: "by-program" }').replaceAll("'", "''"));
    const config = loadClusterConfig({ kubeconfig: kubeconfig('exec', cluster, user) });
    expect(await config.credentials()).toEqual({
      headers: { authorization: 'Bearer by-program' },
      tls: { ca: 'CA', insecure: false },
    });
  });

  it('may be a certificate, and are those of the context that was asked for', async () => {
    const user = exec(credential('{ clientCertificateData: "CERT", clientKeyData: "KEY" }'));
    const config = loadClusterConfig({ kubeconfig: kubeconfig('exec-cert', cluster, user), context: 'other' });
    expect((await config.credentials()).tls).toMatchObject({ ca: 'CA', cert: 'CERT', key: 'KEY' });
  });

  it('are an error where the program fails', async () => {
    const config = loadClusterConfig({ kubeconfig: kubeconfig('exec-bad', cluster, exec('process.exit(3)')) });
    await expect(config.credentials()).rejects.toThrow();
  });
});

describe('a kubeconfig that is wrong', () => {
  it('is named, and nothing of its text is told', () => {
    const file = write('broken', 'users: [{ name: u, user: { token: s3cret }\n  x: : :\n');
    expect(() => loadClusterConfig({ kubeconfig: file })).toThrow(`the kubeconfig ${file} is not valid YAML`);
    expect(() => loadClusterConfig({ kubeconfig: file })).not.toThrow('s3cret');
    expect(() => loadClusterConfig({ kubeconfig: join(dir, 'missing') })).toThrow('missing');
  });

  it('has no usable context where the cluster has no server', () => {
    const file = kubeconfig('no-server', '{}', '{}');
    expect(() => loadClusterConfig({ kubeconfig: file })).toThrow('no usable context "main"');
  });
});

describe('a pod', () => {
  const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', HOME: dir };

  it('has its service account, whose token and certificates are read anew each time', async () => {
    write('ca.crt', 'CA-1');
    write('namespace', 'sluice-system\n');
    write('token', 'one\n');
    const config = loadClusterConfig({ env: pod, serviceAccountFolder: dir });
    expect(config).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'sluice-system' });
    expect(await config.credentials()).toEqual({
      headers: { authorization: 'Bearer one' },
      tls: { ca: 'CA-1', insecure: false },
    });
    write('ca.crt', 'CA-2');
    write('token', 'two\n');
    expect(await config.credentials()).toMatchObject({ headers: { authorization: 'Bearer two' }, tls: { ca: 'CA-2' } });
  });
});

describe('finding the cluster', () => {
  it('prefers the given file, then KUBECONFIG, then the pod, then the home folder', () => {
    const server = (name: string): string => kubeconfig(name, `{ server: 'https://${name}' }`, '{}');
    const env = { KUBECONFIG: server('by-env'), HOME: dir };
    expect(loadClusterConfig({ kubeconfig: server('by-flag'), env }).server).toBe('https://by-flag');
    expect(loadClusterConfig({ env }).server).toBe('https://by-env');
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', HOME: dir };
    expect(loadClusterConfig({ env: pod }).server).toBe('https://10.0.0.1:443');
    expect(() => loadClusterConfig({ env: { HOME: dir } })).toThrow('no cluster found: pass --kubeconfig, set KUBECONFIG');
  });

  it('merges the files of KUBECONFIG, the first one wins', () => {
    const first = write('first', `apiVersion: v1\nkind: Config\ncurrent-context: main\nclusters: []\nusers: []\ncontexts: []\n`);
    const second = kubeconfig('second', `{ server: 'https://second' }`, '{}');
    expect(loadClusterConfig({ env: { KUBECONFIG: `${first}:${second}` } }).server).toBe('https://second');
  });

  it('needs nothing for a plain server', async () => {
    expect(await plainClusterConfig('http://x').credentials()).toEqual({ headers: {}, tls: { insecure: false } });
  });
});

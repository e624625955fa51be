// What the launcher prints.
import { hasApiKeys } from './config.ts';
import { originOf } from './parts/services.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import { restPasswordFile, restUser } from '@activity/testbed/servers/connect-rest';
import { loopback } from '@activity/testbed/process/ports';
import { Problem } from '@activity/testbed/process/problem';
import { seconds } from '@activity/testbed/steps';

/** Prints lines with the time since `began` and the part they are about. */
export function printer(began: number): (part: string, line: string) => void {
  return (part, line) => {
    const at = seconds(Date.now() - began).padStart(8);
    console.log(`${at}  ${part.padEnd(10)}  ${line.replaceAll('\n', `\n${' '.repeat(22)}`)}`);
  };
}

/** Prints why it cannot go on, with the log's tail below. */
export function printProblem(error: unknown): void {
  if (!(error instanceof Problem)) {
    console.error(error);
    return;
  }
  console.error(`\n${error.message}`);
  if (error.detail !== undefined) console.error(`\n${error.detail.replaceAll(/^/gm, '    ')}\n`);
}

/** Prints where everything is and a command to try. */
export function printReady(pipeline: Pipeline, tookMs: number): void {
  const { ports, longest, security, restFolder } = pipeline;
  const local = originOf(security);
  const secure = security
    ? `
  secure        certificates and passwords are in ${security.folder}
  API key       ${hasApiKeys() ? 'those of API_KEYS_FILE' : `in ${security.keys.operatorFile}, for everything`}`
    : '';
  // It sends the key without showing it on a command line, and trusts the CA.
  const curl = security ? `curl -sK ${security.keys.curlFile}` : 'curl -s';
  const slow = longest ? `; longest: ${longest.name}, ${seconds(longest.ms)}` : '';
  const edge = `${local}:${ports.ingest}`;
  const query = `${local}:${ports.query}`;
  console.log(`
Ready in ${seconds(tookMs)}${slow}.

  post events   ${edge}/api/logs
  read them     ${query}/api/logs
  watch them    ${edge}/
  Kafka         ${loopback}:${ports.kafka}
  Connect       ${local}:${ports.kafkaConnect}/connectors?expand=status
                user ${restUser}, password in ${restPasswordFile(restFolder)}
  MongoDB       mongodb://${loopback}:${ports.mongodb}/activity?replicaSet=rs0
  metrics       ${local}:${ports.processor}/metrics${secure}

Try:

  ${curl} ${edge}/api/logs -H 'content-type: application/json' -d '{"eventId":"try-1","userId":"ada","activityType":"LOGIN"}'
  ${curl} '${query}/api/logs/try-1?userId=ada&wait=5s'

Ctrl-C stops everything. \`npm run status\` says how it is.
`);
}

// End to end, the same on a secure stack: TLS, passwords and least rights take nothing away.
import { testPipeline } from './testing/pipeline-run.ts';

testPipeline({ secure: true });

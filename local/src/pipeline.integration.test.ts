// End to end, on a stack that is open to this machine.
import { testPipeline } from './testing/pipeline-run.ts';

testPipeline({ secure: false });

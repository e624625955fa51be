// dedupe() after a commit of which only the changelog was written,
// as without transactions: the record passes again.
import { expect, test, vi } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';

const strings = { key: stringSerde, value: stringSerde };

test('a record whose output was never written is passed on again, though its id is in the state', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .dedupe({ by: (value) => value, within: '1h' })
    .to('out', strings);
  const driver = new TopologyTestDriver(builder.build(), { commits: 'manual' });
  driver.input('in', strings).pipe('k', 'x', 0);
  driver.process();
  const append = driver.log.append.bind(driver.log);
  const appending = vi.spyOn(driver.log, 'append').mockImplementationOnce((records) => {
    records.topics.delete('out');
    return append(records, []);
  });
  driver.beginCommit().loseAnswer();
  expect(appending).toHaveBeenCalledOnce();
  expect(driver.log.records('out', 0)).toHaveLength(0);
  driver.commit();
  expect(driver.output('out', strings).readAll()).toMatchObject([{ key: 'k', value: 'x' }]);
  driver.close();
});

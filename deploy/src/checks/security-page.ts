// docs/security.md: its tables of rights, written from the rights themselves.
import {
  defaultApplicationId,
  defaultConnectorPrefix,
  defaultTopics,
  kafkaPrincipals,
  kafkaRights,
  mongoAccounts,
  mongoRights,
  type KafkaRight,
} from '@activity/contracts';

const rights = kafkaRights({
  topics: defaultTopics,
  applicationId: defaultApplicationId,
  connectGroup: 'activity-connect',
  connectorPrefix: defaultConnectorPrefix,
});

/** A Markdown table as the formatter writes it: columns of one width. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_cell, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

function nameOf({ name, pattern }: KafkaRight): string {
  return pattern === 'Prefixed' ? `\`${name}*\`` : `\`${name}\``;
}

function kafkaTable(): string {
  const rows = kafkaPrincipals.flatMap((principal) =>
    rights[principal].map((right) => [
      `\`${principal}\``,
      right.resource,
      nameOf(right),
      right.operations.join(', '),
      right.why,
    ]),
  );
  return table(['principal', 'resource', 'name', 'operations', 'for'], rows);
}

function mongoTable(): string {
  const rows = mongoAccounts.flatMap((account) => {
    const byActions = Map.groupBy(mongoRights[account], ({ actions }) => actions.join(', '));
    return [...byActions].map(([actions, all]) => {
      const where = all.map(({ collection }) =>
        collection === undefined ? 'the database' : `\`${collection}\``,
      );
      return [`\`${account}\``, where.join(', '), actions];
    });
  });
  return table(['account', 'on', 'actions'], rows);
}

function replaceTable(page: string, name: string, written: string): string {
  const place = new RegExp(`(<!-- ${name} -->\n\n).*?(\n\n<!-- end -->)`, 's');
  if (!place.test(page)) throw new Error(`the page has no place for the table of ${name}`);
  return page.replace(place, (_all, begin: string, end: string) => `${begin}${written}${end}`);
}

/** The page with its tables as they must be. */
export function securityPage(page: string): string {
  return replaceTable(replaceTable(page, 'kafka', kafkaTable()), 'mongodb', mongoTable());
}

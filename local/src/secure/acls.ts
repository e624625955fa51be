// ACLs: makes those of the broker what the rights say, no more and no less.
import { rightsOfUsers, type KafkaPrincipal, type KafkaRight } from '@activity/contracts';
import {
  AclOperations,
  AclPermissionTypes,
  type Admin,
  ResourcePatternTypes,
  ResourceTypes,
  type Acl,
} from '@platformatic/kafka';

const resources = {
  Topic: ResourceTypes.TOPIC,
  Group: ResourceTypes.GROUP,
  TransactionalId: ResourceTypes.TRANSACTIONAL_ID,
  Cluster: ResourceTypes.CLUSTER,
};
const patterns = { Literal: ResourcePatternTypes.LITERAL, Prefixed: ResourcePatternTypes.PREFIXED };
const operations = {
  Read: AclOperations.READ,
  Write: AclOperations.WRITE,
  Create: AclOperations.CREATE,
  Delete: AclOperations.DELETE,
  Describe: AclOperations.DESCRIBE,
  DescribeConfigs: AclOperations.DESCRIBE_CONFIGS,
};

/** The ACLs of these rights; an ACL that two rights of a user make is there once. */
function aclsOf(rights: Record<KafkaPrincipal, readonly KafkaRight[]>): Acl[] {
  return Object.entries(rightsOfUsers(rights)).flatMap(([user, all]) =>
    all.flatMap((right) =>
      right.operations.map((operation) => ({
        resourceType: resources[right.resource],
        resourceName: right.name,
        resourcePatternType: patterns[right.pattern],
        principal: `User:${user}`,
        host: '*',
        operation: operations[operation],
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  );
}

function nameOf(acl: Acl): string {
  const { resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType } = acl;
  return JSON.stringify([
    resourceType,
    resourceName,
    resourcePatternType,
    principal,
    host,
    operation,
    permissionType,
  ]);
}

/** Makes the ACLs that are missing and removes all others. */
export async function applyAcls(
  admin: Admin,
  rights: Record<KafkaPrincipal, readonly KafkaRight[]>,
): Promise<void> {
  const wanted = new Map(aclsOf(rights).map((acl) => [nameOf(acl), acl]));
  const found = await admin.describeAcls({
    filter: {
      resourceType: ResourceTypes.ANY,
      resourceName: null,
      resourcePatternType: ResourcePatternTypes.ANY,
      principal: null,
      host: null,
      operation: AclOperations.ANY,
      permissionType: AclPermissionTypes.ANY,
    },
  });
  const present = new Map(
    found
      .flatMap(({ acls, ...target }) => acls.map((acl) => ({ ...target, ...acl })))
      .map((acl) => [nameOf(acl), acl]),
  );
  const creations = [...wanted].filter(([name]) => !present.has(name)).map(([, acl]) => acl);
  const filters = [...present].filter(([name]) => !wanted.has(name)).map(([, acl]) => acl);
  if (creations.length > 0) await admin.createAcls({ creations });
  if (filters.length > 0) await admin.deleteAcls({ filters });
}

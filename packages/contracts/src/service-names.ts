// What the services are called.

/**
 * Where people run them, the services have the names that their commands are known by: containers, Kubernetes
 * objects, health answers. Everywhere else they are called as their folders are.
 */
export const deployedNames = {
  ingest: 'producer',
  processor: 'processor',
  connect: 'connectors',
  query: 'consumer',
} as const;

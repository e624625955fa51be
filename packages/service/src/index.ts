// What every service process needs: configuration, logging, signals, error bodies, monitoring.
export { ConfigError, loadConfig, parseConfig, variablesOf } from './load-config.ts';
export type { ConfigShape, Environment, Variable } from './load-config.ts';
export {
  compression,
  hostList,
  httpUrl,
  httpUrlList,
  integer,
  logLevel,
  mongoUri,
  nodeEnv,
  optionalHttpUrl,
  optionalPort,
  portNumber,
  textList,
} from './config-types.ts';
export { checkKafkaSecurity, kafkaSecurityOf, kafkaSecurityVariables } from './kafka-security.ts';
export type { KafkaSecurity } from './kafka-security.ts';
export { checkTls, serverTlsOf, tlsVariables, trustCa, trustVariables } from './tls.ts';
export { mongoRefusal, needing, reasonOf } from './refusals.ts';
export { untilDone } from './until-done.ts';
export type { UntilDoneOptions } from './until-done.ts';
export { keepConnected, promptly } from './mongo-connection.ts';
export { contact, loadEnvFile, readArguments, runTool, toolEnvironment } from './tool.ts';
export { createLogger } from './logger.ts';
export type { Logger } from './logger.ts';
export { FailureError, failureAnswer, failureOf, failureResponse } from './failure.ts';
export type { Failure, FailureAnswer, FieldProblem } from './failure.ts';
export { fieldProblems, firstProblems } from './validation.ts';
export { createHostCheck } from './http-host.ts';
export type { HostCheck } from './http-host.ts';
export { isWellEncoded } from './url-encoding.ts';
export { createHttpServer, listen } from './http-server.ts';
export type { ListeningServer } from './http-server.ts';
export { loggedFetch } from './logged-fetch.ts';
export { watchSettings } from './settings-watch.ts';
export type { SettingsWatch } from './settings-watch.ts';
export { pace } from './pace.ts';
export { runService } from './run-service.ts';
export type { RunServiceOptions, ServiceContext } from './run-service.ts';
export { createRegistry, startMonitoring } from './monitoring.ts';
export type { MonitoringOptions, MonitoringRoute, Readiness } from './monitoring.ts';
export { keyVariables, noPublicKeys, openAuthenticator, openKeys } from './keys/authenticator.ts';
export type {
  Authenticator,
  AuthenticatorOptions,
  Identity,
  PublicKeys,
  SessionAuthenticator,
} from './keys/authenticator.ts';
export { sessionCookie } from './keys/session.ts';
export { isSecretForm } from './keys/api-key.ts';
export type { KeyEntry, Scope } from './keys/api-key.ts';
export type { Origins } from './keys/origins.ts';
export { addKey, addPublicKey, ensureKey, revokeKey, setOrigins } from './keys/key-admin.ts';
export { fieldProblem, plainError, schemaError, validationError } from './docs/documented-route.ts';
export type { DocumentedAnswer, DocumentedRoute } from './docs/documented-route.ts';
export type { OpenApiOptions } from './docs/openapi.ts';
export { escapeHtml } from './docs/page.ts';
export { docsRoutes } from './docs/docs-routes.ts';
export { healthRoutes } from './health-routes.ts';
export type { HealthRoute } from './health-routes.ts';
export { requestIdOf, scopeRefusal, secureHeaders } from './gate.ts';
export { requestMetrics, secondsBuckets } from './request-metrics.ts';
export type { ObserveRequest } from './request-metrics.ts';
export { countTypes } from './type-counts.ts';
export type { CountOfType } from './type-counts.ts';
export { tracingOf, tracingVariables } from './tracing/settings.ts';
export type { TracingSettings } from './tracing/settings.ts';
export { isTraceParent, parseTraceParent } from './tracing/trace-parent.ts';
export { openTracing } from './tracing/tracing.ts';
export type { Span, Tracing } from './tracing/tracing.ts';

/**
 * What the server answers, under the names that pages use.
 *
 * Each is a part of the server's own description (`schema.ts`, made by `npm run api`): a field that the
 * server does not have cannot be read here. Start at {@link AppView}: every page is drawn from it.
 */
import type { components } from './schema';

type Things = components['schemas'];

export type Json = Things['Json'];
export type JsonObject = Record<string, Json>;

/** A JSON Schema (draft 2020-12), as far as forms read it. */
export type Schema = Things['Schema'];

/** A list is read page by page; a cursor leads to the next one. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  prev_cursor: string | null;
  total?: number;
}

/** The description of the application: `GET /api/app`. */
export type AppView = Things['Application'];
export type CollectionView = Things['Collection'];
export type TaskView = Things['Task'];

export type Me = Things['Me'];
export type Permission = Things['Permission'];
export type Scope = Things['Scope'];
export type Tokens = Things['Tokens'];
export type UserView = Things['User'];
export type KeyView = Things['Key'];
export type NewKey = Things['KeyWithSecret'];
export type SessionView = Things['Session'];
export type TenantView = Things['Tenant'];

export type RecordView = Things['Record'];
export type VersionView = Things['Version'];
export type DiffView = Things['Diff'];
export type ProposalView = Things['Proposal'];
export type SearchView = Things['SearchResults'];
export type SearchHit = Things['SearchResult'];

export type DocumentView = Things['Document'];
export type DocumentContent = Things['DocumentContent'];
export type DocumentResults = Things['DocumentResults'];
export type DocumentResult = Things['DocumentResult'];
export type Passage = Things['Passage'];

export type AssistantView = Things['Assistant'];
export type OwnPromptView = Things['OwnPrompt'];
export type ChatView = Things['Chat'];
export type MessageView = Things['Message'];
/** What went along with a question about a record. */
export type ContextUsed = Things['ContextUsed'];
/** A source that an answer names. */
export type Citation = Things['Citation'];
/** One that it was given, with its words. */
export type SourceView = Things['Source'];
/** What is told while an answer is made; which fields it has its name says. */
export type AnswerEvent = Things['AnswerEvent'];
export type RunView = Things['Run'];

export type JobView = Things['Job'];
export type Accepted = Things['Accepted'];
/** What a task that runs at once answers. */
export type TaskAnswer = Things['TaskAnswer'];
export type PreviewView = Things['Preview'];
export type ReportLine = Things['ReportLine'];
export type RowCounts = Things['RowCounts'];

export type AuditEntry = Things['AuditEntry'];
export type UsageRow = Things['Usage'];
export type UsageSummary = Things['UsageSummary'];
export type UsageSums = Things['UsageSums'];
/** `name` is the day, the operation, the model… that it is broken down by. */
export type UsagePart = Things['UsagePart'];
export type UsageGroup = UsageSummary['group_by'];
export type UsageOutcome = Things['UsageOutcome'];

export type ModelsView = Things['Models'];
export type ModelProvider = Things['ModelProvider'];
export type ModelTest = Things['ModelTest'];
export type ModelPrice = Things['Price'];
export type ModelLimit = Things['ModelLimit'];
export type LimitUse = Things['LimitUse'];
export type ModelQueue = Things['ModelQueue'];
export type BudgetStanding = Things['BudgetStanding'];
export type BudgetEvent = Things['BudgetEvent'];

/** Where records come from. */
export type SourceEntry = Things['SourceEntry'];
export type SourceRun = Things['SourceRun'];
export type SourceCounts = Things['SourceCounts'];
export type SourceAside = Things['SourceAside'];
export type CacheKindView = Things['SourceCacheKind'];
export type CacheKind = CacheKindView['kind'];
/** A look-up that the application describes; what came of asking it. */
export type LookupEntry = Things['LookupEntry'];
export type LookedUp = Things['LookedUp'];
export type CacheEntry = Things['SourceCacheEntry'];
export type ScheduleView = Things['Schedule'];
export type PastRun = Things['PastRun'];
export type ArchiveView = Things['Archive'];
export type DeprecationView = Things['Deprecation'];

/** What can be asked of the application's data. */
export type QuestionsView = Things['Questions'];
export type QuestionAnswer = Things['QuestionAnswer'];
export type QuestionResult = Things['QuestionResult'];
export type InitialQuestions = Things['InitialQuestions'];
export type ConversationView = Things['Conversation'];
export type TurnView = Things['ConversationTurn'];
export type QuestionPerformance = Things['QuestionPerformance'];

/** What came of a text that was handed in. It also holds the fields of the application's own. */
export type ResultView = Things['Result'];
export type ResultStanding = Things['ResultStanding'];
export type ResultRaw = Things['ResultRaw'];
export type FeedbackView = Things['Feedback'];
export type ProgressView = Things['Progress'];
export type ProgressPeriod = Things['ProgressPeriod'];

export type ConfigurationLine = Things['ConfigurationLine'];
export type ConfigurationDocument = Things['ConfigurationDocument'];
export type ConfigurationReport = Things['ConfigurationReport'];
export type ConfigurationFault = Things['ConfigurationFault'];
export type ConfigurationChange = Things['ConfigurationChange'];
export type ConfigurationVersion = Things['ConfigurationVersion'];
export type ConfigurationImport = Things['ConfigurationImport'];
/** What the interface is told of itself. */
export type FrontendView = Things['Frontend'];

export type WebhookView = Things['Webhook'];
export type NewWebhook = Things['WebhookWithSecret'];
export type DeliveryView = Things['Delivery'];

export type LogLine = Things['LogLine'];
export type LogRecord = Things['LogRecord'];

export type FieldFault = Things['Fault'];
/** problem+json (RFC 9457). What this page says by itself has no type and no request. */
export type Problem = Pick<Things['Problem'], 'title' | 'status' | 'code'> & Partial<Things['Problem']>;

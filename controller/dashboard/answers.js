// The answers of the API as this folder names them; types only, so that nothing is loaded from outside of it.

/** @import * as Answers from '../reports/answers.ts' */
/** @import * as Watched from '../reports/watch-answers.ts' */

/** @typedef {Answers.StatusJson} StatusJson */
/** @typedef {Answers.ProductSummaryJson} ProductSummaryJson */
/** @typedef {Answers.ProductJson} ProductJson */
/** @typedef {Answers.ReleaseJson} ReleaseJson */
/** @typedef {Answers.ConditionJson} ConditionJson */
/** @typedef {Answers.ProblemJson} ProblemJson */
/** @typedef {Answers.DeviceCountsJson} DeviceCountsJson */
/** @typedef {Watched.SourcesJson} SourcesJson */
/** @typedef {Watched.SourceRefusalJson} SourceRefusalJson */
/** @typedef {Answers.EventJson} EventJson */
/** @typedef {Answers.EventJson['type']} EventType */
/** @typedef {Answers.Page<EventJson, number>} EventPageJson */
/** @typedef {NonNullable<ReleaseJson['progress']>} ReleasePlanJson */
/** @typedef {ReleasePlanJson['steps'][number]} StepPlanJson */
/** @typedef {ReleasePlanJson['waits'][number]} ReleaseWaitJson */

/** @typedef {Answers.SessionJson} SessionJson */

export {};

// Bounds on what is read from a fleet repo, so that no input, hostile or mistaken, costs more than a moment. Nothing
// here decides what a manifest means.

/** Largest manifest file in bytes; a larger one is refused without being parsed. */
export const FILE_BYTES_MAX = 1024 * 1024;

/** Documents in one file. */
export const DOCUMENTS_MAX = 1_000;

/** Files with manifests in one revision. */
export const FILES_MAX = 10_000;

/** Collections inside one another in one document. */
export const DEPTH_MAX = 32;

/** Lexical tokens in one file: about four times what a file of the largest size needs when it is well formed. */
export const TOKENS_MAX = 400_000;

/** Nodes that all aliases (`*name`) of one document may stand for together. */
export const ALIAS_NODES_MAX = 1_000;

/** Problems that are listed for one file; the rest is counted. */
export const PROBLEMS_MAX = 100;

/** Longest excerpt of an offending line, in UTF-16 units. */
export const EXCERPT_MAX = 160;

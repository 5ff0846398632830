// A pull request, as a forge shows it: a change that is proposed to the branch that the controller follows.

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  /** Of the page that people look at. */
  readonly url: string;
  readonly author: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly head: {
    /** Full commit id. */
    readonly commit: string;
    readonly branch: string;
    /** It comes from another repository, or from one that is gone: its author may have no rights here. */
    readonly isFork: boolean;
  };
  /** The branch that it is to be merged into. */
  readonly base: string;
  /** The commit that it was merged as; null before. */
  readonly mergeCommit: string | null;
}

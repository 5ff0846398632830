// Where people look at commits and files, as templates of addresses: who shows a link fills it in.

export interface PageTemplates {
  /** With `{revision}`. */
  readonly commit: string;
  /** With `{revision}`, `{file}` (a path, each of its segments encoded) and `{line}`. */
  readonly file: string;
}

/** The page of a commit. */
export function commitPageOf({ commit }: Pick<PageTemplates, 'commit'>, revision: string): string {
  return commit.replaceAll('{revision}', encodeURIComponent(revision));
}

/** The same pages for a folder of the repository, whose files are named from it. */
export function pagesOfFolder(pages: PageTemplates, folder: string | null): PageTemplates {
  if (folder === null) return pages;
  const prefix = folder.split('/').map(encodeURIComponent).join('/');
  return { ...pages, file: pages.file.replace('{file}', `${prefix}/{file}`) };
}

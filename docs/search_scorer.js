// Order of search results: decisions, contributing and the changelog come after the pages for users.
var Scorer = {
  score: (result) => {
    const [docname, , , , score] = result;
    return /^(decisions|contributing)\/|^reference\/changelog$/.test(docname) ? score / 100 : score;
  },
  // The values of Sphinx.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

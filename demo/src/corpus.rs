//! What the demo searches: short articles written for it, and the questions its users ask.
//!
//! Read by `collections` to fill Qdrant and by `traffic` to ask.

use serde::Deserialize;

const ARTICLES: &str = include_str!("corpus.jsonl");
const QUESTIONS: &str = include_str!("queries.txt");

/// One article; all of it is searched.
#[derive(Debug, Deserialize)]
pub(crate) struct Article {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) text: String,
}

pub(crate) fn articles() -> Vec<Article> {
    ARTICLES.lines().map(|line| serde_json::from_str(line).expect("the corpus is compiled in, and a test reads all of it")).collect()
}

pub(crate) fn questions() -> Vec<&'static str> {
    let lines = QUESTIONS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(" | ").map_or(line, |(question, _)| question)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_article_is_whole_and_has_a_title_of_its_own() {
        let articles = articles();
        assert!(articles.len() >= 300, "{} articles", articles.len());
        let titles: HashSet<_> = articles.iter().map(|article| &article.title).collect();
        assert_eq!(titles.len(), articles.len());
        for (index, article) in articles.iter().enumerate() {
            assert_eq!(article.id, index as u64 + 1);
            assert!(article.summary.len() > 40 && article.text.len() > 200, "{}", article.title);
        }
    }

    #[test]
    fn no_question_is_asked_twice_and_none_shows_its_answer() {
        let questions = questions();
        assert!(questions.len() >= 80, "{} questions", questions.len());
        assert!(questions.iter().all(|question| !question.contains('|')));
        let texts: HashSet<_> = questions.iter().collect();
        assert_eq!(texts.len(), questions.len());
    }
}

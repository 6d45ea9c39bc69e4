//! What the demo searches: short articles written for it, and the questions its users ask.
//!
//! Read by `collections` to fill Qdrant and by `traffic` to know whether an answer is the right one.

use std::collections::HashMap;

use serde::Deserialize;

const ARTICLES: &str = include_str!("corpus.jsonl");
const QUESTIONS: &str = include_str!("queries.txt");

/// One article: `summary` is what version 1 of the collection searches, `text` what version 2 searches as well.
#[derive(Debug, Deserialize)]
pub(super) struct Article {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) topic: String,
    pub(super) summary: String,
    pub(super) text: String,
}

/// A question and the article that answers it best.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) text: &'static str,
    pub(super) answer: u64,
}

pub(super) fn articles() -> Vec<Article> {
    ARTICLES.lines().map(|line| serde_json::from_str(line).expect("the corpus is compiled in, and a test reads all of it")).collect()
}

pub(super) fn questions(articles: &[Article]) -> Vec<Question> {
    let ids: HashMap<&str, u64> = articles.iter().map(|article| (article.title.as_str(), article.id)).collect();
    let lines = QUESTIONS.lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.map(|line| {
        let (text, title) = line.split_once(" | ").expect("the questions are compiled in, and a test reads all of them");
        let answer = *ids.get(title).expect("a test looks up the answer of every question");
        Question { text, answer }
    });
    parsed.collect()
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
            let words = article.text.split_whitespace().count();
            assert!((60..=110).contains(&words), "{}: {words} words", article.title);
            assert!(article.summary.len() > 40 && !article.topic.is_empty(), "{}", article.title);
        }
    }

    #[test]
    fn every_question_has_its_answer_in_the_corpus() {
        let questions = questions(&articles());
        assert!(questions.len() >= 80, "{} questions", questions.len());
        let texts: HashSet<_> = questions.iter().map(|question| question.text).collect();
        assert_eq!(texts.len(), questions.len());
    }
}

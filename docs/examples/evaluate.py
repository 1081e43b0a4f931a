"""Evaluate a baseline on generated people, and re-rank it."""

from gluon_personnet import evaluate, load
from gluon_personnet.evaluation.reranking import KReciprocal
from gluon_personnet.methods.session import TaskChoice

method = load("euclid")
people = TaskChoice("toy", splits="0,1", options={"identities": 20, "test_identities": 8})
for rerank in (None, KReciprocal(k1=4, k2=2)):
    report = evaluate(method, "single-shot", task=people, rerank=rerank)
    rank1 = report["results"][0]["cmc"]["1"]
    print(f"rank-1 {100 * rank1['mean']:.1f} % +- {100 * rank1['std']:.1f} over two splits")

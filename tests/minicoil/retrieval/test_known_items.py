"""Queries made of documents themselves ask for what their document alone says."""

from minicoil.retrieval.known_items import Source, make_known_items

BODY = "A pod is a group of containers that share storage and network. It is scheduled onto one node and stays there until it ends. "
OTHERS = [
    f"The {name} keeps {thing} for every {user} of the cluster today. Its limits are set by the operator, who reads them from the {thing} file and writes them back at night."
    for name, thing, user in (
        ("registry", "image layers", "builder"),
        ("scheduler", "waiting jobs", "worker"),
        ("ledger", "signed entries", "auditor"),
        ("router", "open routes", "client"),
    )
]


def sources():
    return [
        Source("heading", "How pods are scheduled", BODY + "Labels choose the node."),
        Source("name", "torch.nn.Pod", OTHERS[0]),
        Source("same", "", OTHERS[1]),
        Source("again", "", OTHERS[1] + " Really."),
        Source("short", "", "It is short."),
        Source("last", "", OTHERS[2]),
    ]


def test_a_heading_asks_for_its_text_and_a_first_sentence_for_the_rest():
    data = make_known_items("docs", sources(), 10)
    assert data.queries["heading"] == "How pods are scheduled"
    assert data.documents["heading"].startswith("A pod is a group")
    assert data.queries["name"].startswith("The registry keeps") and data.documents["name"].startswith("Its limits")
    assert data.relevant["name"] == {"name": 1} and data.is_proxy


def test_near_duplicates_and_short_texts_ask_nothing_and_are_counted():
    data = make_known_items("docs", sources(), 10)
    assert "again" not in data.documents and {"same", "short"} <= data.documents.keys()
    assert "short" not in data.queries
    reasons = {problem.reason: problem.n for problem in data.problems}
    assert reasons["near-duplicate documents left out"] == 1
    assert reasons["documents that do not begin with a sentence"] == 1


def test_what_asks_never_stands_in_the_text_that_is_scored():
    repeated = Source(
        "echo",
        "",
        "Pods are scheduled onto nodes at night. Pods are scheduled onto nodes at night, and then they run until morning comes to them all.",
    )
    data = make_known_items("docs", [*sources(), repeated], 10)
    assert "echo" not in data.queries
    for query, text in data.queries.items():
        assert " ".join(text.lower().split()) not in " ".join(data.documents[query].lower().split())


def test_the_draw_is_the_same_in_any_order_and_another_with_another_seed():
    many = [
        Source(str(i), "", f"Entry number {i} lists {w} things in a row. {BODY} {w} {i}")
        for i, w in enumerate(["alpha", "beta", "gamma", "delta", "omega"] * 4)
    ]
    spread = [Source(s.id, "", s.body.replace(BODY, " ".join(f"{w}{s.id}" for w in BODY.split()))) for s in many]
    one = make_known_items("docs", spread, 5)
    assert make_known_items("docs", spread[::-1], 5).queries == one.queries
    assert len(one.queries) <= 5

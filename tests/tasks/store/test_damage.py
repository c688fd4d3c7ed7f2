"""What is damaged is named once; what work goes on without, in one line that may count."""

from tasks.store.damage import forget_damage, name_aside, name_damage, named_damage


def test_what_lies_aside_is_one_line_of_each_and_the_newest(caplog):
    forget_damage()
    name_damage("collections/a.json", "damaged")
    for n in range(1, 51):
        name_aside("cache (entries)", f"{n} of its entries are damaged")
    name_aside("cache (file)", "cannot be read")
    assert [(d.what, d.message, d.is_aside) for d in named_damage()] == [
        ("collections/a.json", "damaged", False),
        ("cache (entries)", "50 of its entries are damaged", True),
        ("cache (file)", "cannot be read", True),
    ]
    assert len(caplog.records) == 3 and set(named_damage()[0].row()) == {"what", "message"}
    forget_damage(keep_aside=True)
    assert [d.what for d in named_damage()] == ["cache (entries)", "cache (file)"]
    forget_damage()
    assert named_damage() == []

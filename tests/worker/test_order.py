from worker.order import Hands, UrgentFirst


def test_every_model_has_its_turn_and_bulk_comes_after_all_of_them() -> None:
    order = UrgentFirst(Hands(8))
    order.update(["a", "b", "c", "a.bulk", "b.bulk"])
    assert order.consume(5) == ["a", "b", "c", "a.bulk", "b.bulk"]
    order.rotate("a")
    assert order.consume(5) == ["b", "c", "a", "a.bulk", "b.bulk"]
    order.rotate("a.bulk")
    order.rotate("b")
    assert order.consume(5) == ["c", "a", "b", "b.bulk", "a.bulk"]


def test_what_is_held_is_known_by_its_queue() -> None:
    hands = Hands(4)
    with hands.holding("a", "one"), hands.holding("a.bulk", "two"):
        with hands.holding("a", "three"):
            assert {queue: sorted(ids) for queue, ids in hands.held.items()} == {
                "a": ["one", "three"],
                "a.bulk": ["two"],
            }
        assert hands.held == {"a": ["one"], "a.bulk": ["two"]}
    assert hands.held == {}


def test_bulk_is_left_where_it_is_once_a_worker_has_its_hands_nearly_full() -> None:
    hands = Hands(4)
    order = UrgentFirst(hands)
    order.update(["cifar10", "cifar100", "cifar10.bulk", "cifar100.bulk"])
    with hands.holding("cifar10.bulk", "1"), hands.holding("cifar10", "2"), hands.holding("cifar100", "3"):
        assert order.consume(4) == ["cifar10", "cifar100", "cifar10.bulk", "cifar100.bulk"]
        with hands.holding("cifar100.bulk", "4"):
            assert order.consume(4) == ["cifar10", "cifar100"]
        assert order.consume(4) == ["cifar10", "cifar100", "cifar10.bulk", "cifar100.bulk"]


def test_bulk_counts_from_its_delivery() -> None:
    hands = Hands(4)
    hands.expect("cifar10.bulk", "1")
    hands.expect("cifar100", "2")
    assert hands.room and hands.held == {}
    hands.expect("cifar10.bulk", "3")
    assert not hands.room
    with hands.holding("cifar10.bulk", "1"):
        assert not hands.room
    assert hands.room
    hands.expect("cifar10.bulk", "4")
    assert not hands.room
    hands.forgo("3")
    assert hands.room


def test_a_worker_of_one_thread_takes_bulk_too() -> None:
    order = UrgentFirst(Hands(1))
    order.update(["cifar10.bulk"])
    assert order.consume(1) == ["cifar10.bulk"]

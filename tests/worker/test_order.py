from worker.order import Hands, UrgentFirst


def test_bulk_is_left_where_it_is_once_a_worker_has_its_hands_nearly_full() -> None:
    hands = Hands(4)
    order = UrgentFirst(hands)
    order.update(["cifar10", "cifar100", "cifar10.bulk", "cifar100.bulk"])
    with hands.holding("cifar10.bulk"), hands.holding("cifar10"), hands.holding("cifar100"):
        assert order.consume(4) == ["cifar10", "cifar100", "cifar10.bulk", "cifar100.bulk"]
        with hands.holding("cifar100.bulk"):
            assert order.consume(4) == ["cifar10", "cifar100"]
        assert order.consume(4) == ["cifar10", "cifar100", "cifar10.bulk", "cifar100.bulk"]


def test_a_worker_of_one_thread_takes_bulk_too() -> None:
    order = UrgentFirst(Hands(1))
    order.update(["cifar10.bulk"])
    assert order.consume(1) == ["cifar10.bulk"]

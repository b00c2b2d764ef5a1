"""Active health checks and hedging, with the real binary: nobody has to fail for a deployment to be left out."""

import harness
from harness import ask, openai_deployment, route, text_of, until

#: The shortest interval there is; three bad checks eject and two good ones restore.
CHECKS = "{health_check_interval: 1s, health_check_timeout: 500ms}"


def test_checks_eject_who_is_gone_and_restore_who_is_back(start_mock, start_wharf):
    with harness.Address() as place:
        going = start_mock("going", listen=place.authority)
        host = start_wharf(
            openai_deployment("going", going, ["gpt-4"]),
            openai_deployment("staying", start_mock("staying"), ["gpt-4"]),
            load_balancer=CHECKS,
        )
        until("it was checked and is well", lambda: host.deployment("going")["health"]["checked_ms_ago"] is not None)
        assert host.deployment("going")["health"]["healthy"]
        going.kill()
        until("it is ejected", lambda: not host.deployment("going")["health"]["healthy"])
        assert "ejected" in host.log()

        before = host.target("going", "gpt-4")["attempts"]
        with host.client() as client:
            for _ in range(6):
                answer = ask(client, "gpt-4")
                assert answer.headers["x-wharf-deployment"] == "staying"
                assert answer.headers["x-wharf-attempts"] == "1", "nobody had to find out by failing"
        assert host.target("going", "gpt-4")["attempts"] == before

        start_mock("back", listen=place.authority)
        until("it is restored", lambda: host.deployment("going")["health"]["healthy"])
        with host.client() as client:
            served = {ask(client, "gpt-4").headers["x-wharf-deployment"] for _ in range(6)}
        assert served == {"going", "staying"}


def test_a_server_without_a_list_of_models_is_not_ejected(start_mock, start_wharf):
    """A refusal of the check says that somebody is there."""
    mock = start_mock("refusing")
    host = start_wharf(openai_deployment("a", mock, ["gpt-4"], api_key="sk-wrong"), load_balancer=CHECKS)
    until("it was checked three times", lambda: host.deployment("a")["health"]["streak"] >= 3)
    state = host.deployment("a")
    assert state["health"]["healthy"]
    assert [key["state"] for key in state["keys"]] == ["usable"], "checks retire no keys"


def test_who_is_slow_to_begin_is_overtaken(start_mock, start_wharf):
    slow, fast = start_mock("slow", "--delay", "20s"), start_mock("fast")
    host = start_wharf(
        openai_deployment("slow", slow, ["gpt-4"]),
        openai_deployment("fast", fast, ["gpt-4"]),
        routes={"chat": route(("slow", "gpt-4"), ("fast", "gpt-4"), hedge={"after": "100ms"})},
    )
    with host.client() as client:
        for stream in (False, True, False, True):
            answer = ask(client, "chat", stream=stream)
            assert answer.headers["x-wharf-deployment"] == "fast"
            if stream:
                assert text_of(list(answer.parse()))
    counts = host.counts("chat")
    assert (counts["succeeded"], counts["failed"]) == (4, 0)
    slow_attempts = host.target("slow", "gpt-4")["attempts"]
    assert counts["hedges"] == slow_attempts["started"] >= 1, "only who was asked first and was slow is overtaken"
    assert slow_attempts["cancelled"] == slow_attempts["started"], "the loser is cancelled, not failed"
    until("the slow upstream was let go", lambda: slow.stats()["in_flight"] == 0)
